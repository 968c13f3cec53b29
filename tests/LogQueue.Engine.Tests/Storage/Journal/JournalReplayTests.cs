using LogQueue.Storage;
using LogQueue.Storage.Files;
using LogQueue.Storage.Journal;
using LogQueue.Storage.Partitions;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Journal;

public sealed class JournalReplayTests
{
    private static readonly string First = CommitJournal.PathOf(StorageRig.Root, 0);

    [Fact]
    public void Bytes_that_only_the_journal_has_come_back()
    {
        SimulatedStorageDevice device = Journaled(out long[] ends);
        for (int seed = 0; seed < 20; seed++)
        {
            using var rig = new JournalRig(device.Crash(seed));
            Assert.Equal((ends[0], ends[1]), (rig.Open("a-0").LogEndOffset, rig.Open("b-0").LogEndOffset));
            Assert.False(rig.Replay.IsDamaged);
            Assert.False(rig.Device.FileExists(First));
        }
    }

    [Fact]
    public void No_damaged_bit_of_the_journal_reaches_a_log()
    {
        SimulatedStorageDevice device = Journaled(out long[] ends);
        SimulatedStorageDevice crashed = device.Crash(CrashThatKeepsNothing(device));
        byte[] journal = crashed.Content(First);
        int used = journal.AsSpan().LastIndexOfAnyExcept((byte)0) + 1;
        Assert.InRange(used, JournalFile.PageBytes + 500, journal.Length);
        for (long bit = 0; bit < 8L * used; bit += bit < 8 * 64 ? 1 : bit > 8 * JournalFile.PageBytes ? 5 : 8 * 97)
        {
            SimulatedStorageDevice flipped = crashed.Copy();
            flipped.FlipBit(First, bit);
            using var rig = new JournalRig(flipped);
            foreach ((string name, long end) in new[] { ("a-0", ends[0]), ("b-0", ends[1]) })
            {
                PartitionLog log = rig.Open(name);
                Assert.True(log.LogEndOffset <= end);
                List<SeenRecord> seen = log.Recovery.Damage.Count > 0 ? [] : StorageRig.ReadAll(log, 0, ReadIsolation.Uncommitted);
                Assert.All(seen, r => Assert.Equal(r.Offset, r.Tag));
            }
        }
    }

    [Fact]
    public void A_journal_with_a_hole_is_kept_for_people()
    {
        SimulatedStorageDevice device = Journaled(out _);
        SimulatedStorageDevice crashed = device.Crash(CrashThatKeepsNothing(device));
        crashed.FlipBit(First, (JournalFile.PageBytes + 60) * 8L); // the first of two rounds
        using var rig = new JournalRig(crashed);
        Assert.True(rig.Replay.IsDamaged);
        Assert.True(crashed.FileExists($"{StorageRig.Root}/lost+found/commit.journal.0"));
        Assert.False(crashed.FileExists(First));

        using (JournalFile file = JournalFile.Create(crashed, First, 16 << 10)) // and another one later
        {
            file.Begin(7);
            byte[] broken = Frame("a-0", 9);
            broken[^1] ^= 1;
            file.Write(broken);
            file.Write(Frame("a-0", 9));
        }

        Assert.True(JournalReplay.Run(crashed, StorageRig.Root).IsDamaged);
        Assert.Superset(new HashSet<string> { "commit.journal.0", "commit.journal.0.2" }, crashed.ListFiles($"{StorageRig.Root}/lost+found").ToHashSet());
    }

    [Fact]
    public void A_sealed_segment_is_left_alone()
    {
        SimulatedStorageDevice device = Journaled(out _);
        SimulatedStorageDevice copy = device.Copy();
        string log = SegmentFileName.PathOf($"{StorageRig.Root}/a-0", 0, SegmentFileName.Log);
        using (IStorageFile file = copy.Open(log, StorageOpenMode.ReadWrite))
        {
            file.Write(0, new byte[16]);
        }

        copy.Open(SegmentFileName.PathOf($"{StorageRig.Root}/a-0", 0, SegmentFileName.Seal), StorageOpenMode.CreateNew).Dispose();
        JournalReplay.Run(copy, StorageRig.Root);
        Assert.All(copy.Content(log)[..16], b => Assert.Equal(0, b));
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("x/y")]
    [InlineData("x\\y")]
    [InlineData(".")]
    [InlineData("..")]
    public void Names_that_lead_elsewhere_are_left_out(string name)
    {
        string directory = $"{StorageRig.Root}/{name}";
        string target = $"{directory}/00000000000000000000.log";
        var device = new SimulatedStorageDevice(StorageRig.Root, directory, $"{StorageRig.Root}/good-0");
        foreach (string path in (string[])[target, $"{StorageRig.Root}/good-0/00000000000000000000.log"])
        {
            device.ReplaceDurably(path, new byte[4]);
        }

        using (JournalFile file = JournalFile.Create(device, First, 16 << 10))
        {
            file.Begin(7);
            file.Write(Frame(name, 9));
            file.Write(Frame("good-0", 8));
        }

        Assert.Equal(4, JournalReplay.Run(device, StorageRig.Root).RestoredBytes);
        Assert.Equal(new byte[4], device.Content(target));
        Assert.Equal([8, 8, 8, 8], device.Content($"{StorageRig.Root}/good-0/00000000000000000000.log"));
        Assert.False(device.FileExists(First));
    }

    [Fact]
    public void A_full_disk_means_no_journal_and_no_trouble()
    {
        var device = new SimulatedStorageDevice(StorageRig.Root) { CapacityBytes = 40_000 };
        using var rig = new JournalRig(device);
        PartitionLog one = rig.Open("a-0");
        PartitionLog two = rig.Open("b-0");
        for (int i = 0; i < 5; i++)
        {
            one.Append(TestBatches.Build(1, i), AppendOrigin.Client);
            two.Append(TestBatches.Build(1, i), AppendOrigin.Client);
            rig.CommitAll();
        }

        Assert.False(rig.Fence.IsTripped);
        Assert.Equal((5, 5), (one.RecoveryPoint, two.RecoveryPoint));
        Assert.Equal(0, rig.Journal.Rounds);
    }

    /// <summary>Two logs whose last records are durable through the journal only.</summary>
    private static SimulatedStorageDevice Journaled(out long[] ends)
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        using var rig = new JournalRig(device);
        PartitionLog[] logs = [rig.Open("a-0"), rig.Open("b-0")];
        for (int round = 0; round < 5; round++)
        {
            foreach (PartitionLog log in logs)
            {
                log.Append(TestBatches.Build(2, log.LogEndOffset, valueBytes: 60), AppendOrigin.Client);
            }

            rig.CommitAll();
        }

        Assert.True(rig.Journal.Rounds >= 2);
        ends = [logs[0].RecoveryPoint, logs[1].RecoveryPoint];
        return device;
    }

    private static byte[] Frame(string name, byte content)
    {
        byte[] frame = new byte[JournalFrame.SizeOf(name, 4)];
        int payload = JournalFrame.Begin(frame, 7, 1, name, 0, 0);
        frame.AsSpan(payload).Fill(content);
        JournalFrame.Complete(frame);
        return frame;
    }

    private static int CrashThatKeepsNothing(SimulatedStorageDevice device)
    {
        for (int seed = 0; ; seed++)
        {
            using var rig = new JournalRig(device.Crash(seed));
            if (rig.Replay.RestoredBytes > 400)
            {
                return seed;
            }
        }
    }
}
