using LogQueue.Storage;
using LogQueue.Storage.Files;
using LogQueue.TestKit.Storage;
using Microsoft.Extensions.Time.Testing;

namespace LogQueue.Engine.Tests.Storage.Crashes;

/// <summary>The simulated disk does what real disks were seen to do; a test that runs on it is worth no more than this.</summary>
public sealed class SimulatedDiskTests
{
    private const string Path = "/data/f";

    [Fact]
    public void Synced_bytes_survive_and_each_unsynced_sector_is_old_or_new()
    {
        var device = new SimulatedStorageDevice("/data");
        using IStorageFile file = Create(device);
        file.Write(0, Filled(2048, 1));
        file.DataSync();
        device.SyncDirectory("/data");
        file.Write(0, Filled(512, 2));
        file.Write(1024, Filled(512, 3));
        file.Write(1536, Filled(512, 4)); // the last one: torn or garbage, too
        HashSet<(byte, byte)> seen = [];
        bool torn = false;
        bool garbage = false;
        for (int seed = 0; seed < 300; seed++)
        {
            byte[] after = device.Crash(seed).Content(Path);
            Assert.Equal(2048, after.Length);
            Assert.Equal(Filled(512, 1), after[512..1024]);
            Assert.Single(after[..512].Distinct());
            Assert.Single(after[1024..1536].Distinct());
            seen.Add((after[0], after[1024]));
            byte[] last = after[1536..];
            torn |= last[0] == 4 && last[^1] == 1 && last.Distinct().Count() == 2;
            garbage |= last.Distinct().Count() > 2;
        }

        Assert.Equal(4, seen.Count);
        Assert.True(torn && garbage);
    }

    [Fact]
    public void Garbage_stays_inside_the_bytes_that_were_written()
    {
        var device = new SimulatedStorageDevice("/data");
        using IStorageFile file = Create(device);
        file.Write(0, Filled(512, 1));
        file.DataSync();
        device.SyncDirectory("/data");
        file.Write(100, Filled(50, 2));
        for (int seed = 0; seed < 100; seed++)
        {
            byte[] after = device.Crash(seed).Content(Path);
            Assert.All(after[..100], static b => Assert.Equal(1, b));
            Assert.All(after[150..], static b => Assert.Equal(1, b));
        }
    }

    [Fact]
    public void An_unsynced_length_is_old_or_new_or_new_with_zeros()
    {
        var device = new SimulatedStorageDevice("/data");
        using IStorageFile file = Create(device);
        file.Write(0, Filled(512, 1));
        file.DataSync();
        device.SyncDirectory("/data");
        file.Write(512, Filled(1024, 2));
        file.Write(0, Filled(8, 1));
        HashSet<string> seen = [];
        for (int seed = 0; seed < 200; seed++)
        {
            byte[] after = device.Crash(seed).Content(Path);
            seen.Add(after.Length == 512 ? "old" : after[512..].All(static b => b == 0) ? "zeros" : after[512..].All(static b => b == 2) ? "new" : "mixed");
        }

        Assert.Equal(["mixed", "new", "old", "zeros"], seen.Order());
    }

    [Fact]
    public void A_truncation_that_was_not_synced_may_come_undone()
    {
        var device = new SimulatedStorageDevice("/data");
        using IStorageFile file = Create(device);
        file.Write(0, Filled(1024, 1));
        file.DataSync();
        device.SyncDirectory("/data");
        file.Truncate(100);
        Assert.Equal([100, 1024], Enumerable.Range(0, 60).Select(seed => device.Crash(seed).Content(Path).Length).Distinct().Order());
        Assert.Contains(Enumerable.Range(0, 60), seed => device.Crash(seed).Content(Path).SequenceEqual(Filled(1024, 1)));
    }

    [Theory]
    [InlineData(CrashProfile.Weak, 8)]
    [InlineData(CrashProfile.Ordered, 4)]
    internal void Names_survive_in_any_mixture_or_in_their_order(CrashProfile profile, int mixtures)
    {
        var device = new SimulatedStorageDevice("/data");
        foreach (string name in (ReadOnlySpan<string>)["a", "b", "c"])
        {
            device.Open("/data/" + name, StorageOpenMode.CreateNew).Dispose();
        }

        string[] found = [.. Enumerable.Range(0, 400).Select(seed => string.Concat(device.Crash(seed, profile).ListFiles("/data"))).Distinct()];
        Assert.Equal(mixtures, found.Length);
        Assert.True(profile == CrashProfile.Weak || found.All("abc".StartsWith));
        device.SyncDirectory("/data");
        Assert.Equal(["a", "b", "c"], device.Crash(1, profile).ListFiles("/data"));
    }

    [Fact]
    public void A_file_in_a_directory_that_was_lost_is_lost()
    {
        var device = new SimulatedStorageDevice("/data");
        device.CreateDirectory("/data/d");
        device.Open("/data/d/f", StorageOpenMode.CreateNew).Dispose();
        device.SyncDirectory("/data/d");
        for (int seed = 0; seed < 20; seed++)
        {
            SimulatedStorageDevice after = device.Crash(seed, CrashProfile.Weak);
            Assert.Equal(after.DirectoryExists("/data/d"), after.FileExists("/data/d/f"));
        }

        device.SyncDirectory("/data");
        Assert.True(device.Crash(0).FileExists("/data/d/f"));
    }

    [Fact]
    public void After_a_failed_sync_the_pages_read_well_until_the_caches_are_dropped()
    {
        var device = new SimulatedStorageDevice("/data");
        using IStorageFile file = Create(device);
        file.Write(0, Filled(4096, 1));
        file.DataSync();
        file.Write(0, Filled(4096, 2));
        device.Fault = static o => o.Kind == "sync" ? new SimulatedFault(StorageError.InputOutput) : null;
        Assert.Equal(StorageError.InputOutput, Assert.Throws<StorageException>(file.DataSync).Error);
        device.Fault = null;
        Assert.Equal(Filled(4096, 2), Read(file, 4096));
        file.DataSync(); // the lie of fsyncgate: a second one succeeds
        Assert.Equal(Filled(4096, 2), Read(file, 4096));
        device.DropCaches();
        byte[] disk = Read(file, 4096);
        Assert.Contains((byte)1, disk);
        device.SyncDirectory("/data");
        Assert.Equal(disk, device.Crash(3).Content(Path));
    }

    [Fact]
    public void A_misdirected_write_is_wrong_in_two_places_and_the_cache_hides_it()
    {
        var device = new SimulatedStorageDevice("/data");
        using IStorageFile file = Create(device);
        file.Write(0, Filled(3072, 1));
        file.DataSync();
        device.SyncDirectory("/data");
        device.Rules.Quirk = static o => o.Kind == "write" ? new SimulatedQuirk { MisdirectedTo = 2048 } : null;
        file.Write(512, Filled(512, 2));
        device.Rules.Quirk = null;
        file.DataSync();
        byte[] right = [.. Filled(512, 1), .. Filled(512, 2), .. Filled(2048, 1)];
        Assert.Equal(right, Read(file, 3072));
        byte[] wrong = [.. Filled(2048, 1), .. Filled(512, 2), .. Filled(512, 1)];
        Assert.Equal(wrong, device.Crash(1).Content(Path));
        device.DropCaches();
        Assert.Equal(wrong, Read(file, 3072));
    }

    [Fact]
    public void A_stale_read_returns_what_was_there_before_the_last_sync()
    {
        var device = new SimulatedStorageDevice("/data");
        using IStorageFile file = Create(device);
        file.Write(0, Filled(1024, 1));
        file.DataSync();
        file.Write(0, Filled(1024, 2));
        file.DataSync();
        device.Rules.Quirk = static o => o.Kind == "read" ? new SimulatedQuirk { IsStale = true } : null;
        Assert.Equal(Filled(1024, 1), Read(file, 1024));
        device.Rules.Quirk = null;
        Assert.Equal(Filled(1024, 2), Read(file, 1024));
    }

    [Fact]
    public void A_slow_operation_takes_time_of_the_fake_clock()
    {
        var clock = new FakeTimeProvider();
        DateTimeOffset before = clock.GetUtcNow();
        var device = new SimulatedStorageDevice("/data");
        device.Rules.Clock = clock;
        device.Rules.Quirk = static o => o.Kind == "sync" ? new SimulatedQuirk { Delay = TimeSpan.FromSeconds(3) } : null;
        using IStorageFile file = Create(device);
        file.Write(0, Filled(10, 1));
        file.DataSync();
        Assert.Equal(TimeSpan.FromSeconds(3), clock.GetUtcNow() - before);
    }

    [Fact]
    public void A_crashed_disk_and_the_running_one_do_not_write_into_each_other()
    {
        var device = new SimulatedStorageDevice("/data");
        using IStorageFile file = Create(device);
        file.Write(0, Filled(600, 1));
        file.DataSync();
        device.SyncDirectory("/data");
        SimulatedStorageDevice crashed = device.Crash(1);
        using IStorageFile there = crashed.Open(Path, StorageOpenMode.ReadWrite);
        there.Write(0, Filled(600, 2));
        file.Write(300, Filled(10, 3));
        Assert.Equal(Filled(600, 2), Read(there, 600));
        Assert.Equal([.. Filled(300, 1), .. Filled(10, 3), .. Filled(290, 1)], Read(file, 600));
        crashed.FlipBit(Path, 0);
        Assert.Equal(1, Read(file, 1)[0]);
    }

    private static IStorageFile Create(SimulatedStorageDevice device) => device.Open(Path, StorageOpenMode.CreateNew);

    private static byte[] Filled(int count, byte value) => [.. Enumerable.Repeat(value, count)];

    private static byte[] Read(IStorageFile file, int count)
    {
        byte[] bytes = new byte[count];
        Assert.Equal(count, file.Read(0, bytes));
        return bytes;
    }
}
