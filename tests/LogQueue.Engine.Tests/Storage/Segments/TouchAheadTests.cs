using LogQueue.Storage;
using LogQueue.Storage.Files;
using LogQueue.Storage.Segments;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Segments;

public sealed class TouchAheadTests
{
    private const long Allocated = 8 << 20;

    [Theory]
    [InlineData(0, 4096, 4096)] // a small segment: nothing ahead
    [InlineData(70_000, 65_000, 163_840)] // up to a boundary of its window of 32 KiB
    [InlineData(4 << 20, 65_000, (4 << 20) + (256 << 10))] // the largest window
    [InlineData(4 << 20, 300_000, (4 << 20) + 300_000)] // a large append needs none
    public void It_touches_up_to_a_boundary_ahead(long from, int appendBytes, long expected)
    {
        using IStorageFile file = OpenFile(out SimulatedStorageDevice device);
        byte[] before = [.. Enumerable.Repeat((byte)7, (int)Math.Max(1, from))];
        file.Write(0, before);
        Assert.Equal(expected, TouchAhead.Run(file, from, from + appendBytes, Allocated, appendBytes));
        byte[] content = device.Content("/data/log");
        Assert.All(content.Take((int)from), static b => Assert.Equal(7, b));
        Assert.DoesNotContain(content.Skip((int)Math.Max(1, from)), static b => b != 0);
    }

    [Fact]
    public void It_stays_inside_the_preallocated_blocks()
    {
        using IStorageFile file = OpenFile(out _);
        Assert.Equal(Allocated, TouchAhead.Run(file, Allocated - 10_000, Allocated - 5_000, Allocated, 5_000));
        Assert.Equal(Allocated, file.Length);
    }

    [Fact]
    public void A_log_that_touches_ahead_reads_the_same_before_and_after_a_crash()
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        var options = new LogOptions { PreallocateFirstBytes = 1 << 20, PreallocateStepBytes = 1 << 20, MaxMessageBytes = 1 << 20 };
        using var rig = new StorageRig(device, options);
        for (int i = 0; i < 40; i++)
        {
            Assert.Equal(AppendStatus.Appended, rig.Log.Append(TestBatches.Build(5, i * 5, valueBytes: 3000), AppendOrigin.Client).Status);
        }

        rig.Log.Commit();
        List<SeenRecord> seen = StorageRig.ReadAll(rig.Log, 0, maxBytes: 1 << 20);
        Assert.Equal(200, seen.Count);
        for (int seed = 0; seed < 20; seed++)
        {
            using var after = new StorageRig(device.Crash(seed), options);
            Assert.Equal(seen, StorageRig.ReadAll(after.Log, 0, maxBytes: 1 << 20));
            Assert.Empty(after.Log.Recovery.Damage);
        }
    }

    private static IStorageFile OpenFile(out SimulatedStorageDevice device)
    {
        device = new SimulatedStorageDevice("/data");
        IStorageFile file = device.Open("/data/log", StorageOpenMode.CreateNew);
        file.Allocate(Allocated);
        return file;
    }
}
