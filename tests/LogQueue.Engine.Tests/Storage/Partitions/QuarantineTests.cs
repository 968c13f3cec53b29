using System.Globalization;
using LogQueue.Storage;
using LogQueue.Storage.Files;
using LogQueue.Storage.Partitions;
using LogQueue.Storage.Segments;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Partitions;

/// <summary>Damage that is found while the log runs: kept out of answers, remembered, and gone when the bytes are right again.</summary>
public sealed class QuarantineTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_read_finds_damage_and_the_next_start_finds_it_again(int slot)
    {
        SimulatedStorageDevice device = DamageRig.Closed();
        string path = DamageRig.Logs(device)[slot];
        byte[] original = device.Content(path);
        (long From, long To) batch = DamageRig.BatchAt(original, 30_000);
        device.FlipBit(path, 30_000 * 8);
        using (var rig = new StorageRig(device, DamageRig.Options))
        {
            Assert.Empty(rig.Log.Damage);
            Assert.Equal([batch], DamageRig.Survey(rig.Log));
            Assert.Equal((batch.From, batch.To), (rig.Log.Damage[0].FromOffset, rig.Log.Damage[0].ToOffset));
            AssertRefused(rig.Log);
        }

        using (var again = new StorageRig(device, DamageRig.Options))
        {
            Assert.Single(again.Log.Damage);
            Assert.Single(again.Log.Recovery.Damage);
            AssertRefused(again.Log);
            Assert.Equal([batch], DamageRig.Survey(again.Log));
        }

        Assert.Equal(original.Length, device.FileLength(path));
        device.FlipBit(path, 30_000 * 8); // a person put the right bytes back
        using var healed = new StorageRig(device, DamageRig.Options);
        Assert.Empty(healed.Log.Damage);
        Assert.False(device.FileExists($"{StorageRig.Directory}/{QuarantineFile.FileName}"));
        Assert.Empty(DamageRig.Survey(healed.Log));
        Assert.Equal(AppendStatus.Appended, healed.Log.Append(TestBatches.Build(1, healed.Log.LogEndOffset), AppendOrigin.Client).Status);
    }

    [Fact]
    public void Every_bit_of_the_memory_of_it_and_its_loss_are_harmless()
    {
        SimulatedStorageDevice device = DamageRig.Closed();
        string path = DamageRig.Logs(device)[0];
        (long From, long To) batch = DamageRig.BatchAt(device.Content(path), 30_000);
        device.FlipBit(path, 30_000 * 8);
        using (var rig = new StorageRig(device, DamageRig.Options))
        {
            Assert.Equal([batch], DamageRig.Survey(rig.Log));
        }

        string file = $"{StorageRig.Directory}/{QuarantineFile.FileName}";
        long bits = device.FileLength(file) * 8;
        for (long bit = -1; bit < bits; bit++)
        {
            SimulatedStorageDevice damaged = device.Copy();
            if (bit < 0)
            {
                damaged.Delete(file);
            }
            else
            {
                damaged.FlipBit(file, bit);
            }

            using var rig = new StorageRig(damaged, DamageRig.Options);
            Assert.Equal(bit < 0 ? 0 : 1, rig.Log.Damage.Count);
            ReadResult inside = rig.Log.Read(batch.From, 1000, ReadIsolation.LogEnd, atLeastOneBatch: true);
            Assert.Equal(ReadStatus.Corrupt, inside.Status);
            AssertRefused(rig.Log);
        }
    }

    [Fact]
    public void A_time_is_looked_up_past_damage()
    {
        SimulatedStorageDevice device = DamageRig.Closed();
        string path = DamageRig.Logs(device)[0];
        byte[] original = device.Content(path);
        for (int position = 5; position < original.Length; position += 997)
        {
            SimulatedStorageDevice damaged = device.Copy();
            damaged.FlipBit(path, (position * 8L) + 3);
            (long from, long to) = DamageRig.BatchAt(original, position);
            using var rig = new StorageRig(damaged, DamageRig.Options);
            for (long offset = Math.Max(0, from - 4); offset < to + 4; offset++)
            {
                long expected = offset < from || offset >= to ? offset : to;
                Assert.Equal(expected, rig.Log.FindOffset(TestBatches.StartMs + offset)!.Value.Offset);
            }
        }
    }

    [Fact]
    public void Deleting_the_records_before_it_ends_the_refusal()
    {
        SimulatedStorageDevice device = DamageRig.Closed();
        device.FlipBit(DamageRig.Logs(device)[0], 30_000 * 8);
        using var rig = new StorageRig(device, DamageRig.Options);
        (long From, long To) lost = Assert.Single(DamageRig.Survey(rig.Log));
        AssertRefused(rig.Log);
        rig.Log.AdvanceLogStart(lost.To);
        Assert.Empty(rig.Log.Damage);
        Assert.Equal(AppendStatus.Appended, rig.Log.Append(TestBatches.Build(1, rig.Log.LogEndOffset), AppendOrigin.Client).Status);
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(int.MaxValue)]
    public void What_is_appended_behind_a_lost_tail_that_was_deleted_survives_a_restart(int lostBytes)
    {
        SimulatedStorageDevice device = DamageRig.Closed();
        string path = DamageRig.Logs(device)[^1];
        using (IStorageFile file = device.Open(path, StorageOpenMode.ReadWrite))
        {
            file.Truncate(Math.Max(0, file.Length - lostBytes));
        }

        long end;
        using (var rig = new StorageRig(device, DamageRig.Options))
        {
            end = rig.Log.LogEndOffset;
            Assert.Equal(end, Assert.Single(DamageRig.Survey(rig.Log)).To);
            rig.Log.AdvanceLogStart(end);
            for (int i = 0; i < 3; i++)
            {
                Assert.Equal(end + i, rig.Log.Append(TestBatches.Build(1, end + i, TestBatches.StartMs + end + i), AppendOrigin.Client).BaseOffset);
            }

            rig.Log.Commit();
            Assert.Equal(3, StorageRig.ReadAll(rig.Log, end).Count);
        }

        for (int seed = 0; seed < 10; seed++)
        {
            using var again = new StorageRig(device.Crash(seed), DamageRig.Options);
            Assert.Equal((end, end + 3), (again.Log.LogStartOffset, again.Log.LogEndOffset));
            Assert.Empty(again.Log.Damage);
            Assert.Equal(3, StorageRig.ReadAll(again.Log, end).Count);
        }
    }

    [Fact]
    public void A_seal_never_covers_damage()
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        using var rig = new StorageRig(device, DamageRig.Options);
        DamageRig.Fill(rig, 150);
        device.FlipBit(DamageRig.Logs(device)[0], 40_000 * 8);
        while (rig.Log.SegmentCount == 1)
        {
            rig.Log.Append(TestBatches.Build(1, rig.Log.LogEndOffset, valueBytes: 300), AppendOrigin.Client);
        }

        rig.Log.Commit();
        Assert.DoesNotContain(device.ListFiles(StorageRig.Directory), static n => n.EndsWith(SegmentFileName.Seal, StringComparison.Ordinal));
        Assert.Single(rig.Log.Damage);
        AssertRefused(rig.Log);
    }

    [Fact]
    public void Swapped_blocks_and_segments_are_found()
    {
        SimulatedStorageDevice device = DamageRig.Closed(batches: 500);
        string[] logs = [.. DamageRig.Logs(device).Where(log => device.FileLength(log) >= 4096)];
        var random = new Random(5);
        int swaps = DamageRig.IsLong ? 50_000 : 400;
        for (int i = 0; i < swaps; i++)
        {
            SimulatedStorageDevice swapped = device.Copy();
            string one = logs[random.Next(logs.Length)];
            string two = logs[random.Next(logs.Length)];
            if (i % 10 == 0 && one != two)
            {
                Swap(swapped, one, 0, two, 0, (int)Math.Min(device.FileLength(one), device.FileLength(two)));
            }
            else
            {
                long first = random.Next((int)(device.FileLength(one) / 4096)) * 4096L;
                long second = random.Next((int)(device.FileLength(two) / 4096)) * 4096L;
                if ((one, first) == (two, second))
                {
                    continue;
                }

                Swap(swapped, one, first, two, second, 4096);
            }

            using var rig = new StorageRig(swapped, DamageRig.Options);
            Assert.NotEmpty(DamageRig.Survey(rig.Log));
            AssertRefused(rig.Log);
            Assert.Equal(device.FileLength(one), swapped.FileLength(one));
        }
    }

    [Fact]
    public void What_read_wrong_once_and_reads_right_again_is_no_damage()
    {
        SimulatedStorageDevice device = DamageRig.Closed();
        string path = DamageRig.Logs(device)[0];
        using var rig = new StorageRig(device, DamageRig.Options);
        int reads = 0;
        device.Fault = o =>
        {
            if (o.Kind == "read" && o.Path == path && o.LengthBytes > 10_000 && reads++ < 2)
            {
                device.FlipBit(path, 30_000 * 8); // the first reads it wrong, the second right
            }

            return null;
        };
        Assert.Empty(DamageRig.Survey(rig.Log));
        Assert.InRange(reads, 2, 10_000);
        Assert.Empty(rig.Log.Damage);
        Assert.False(device.FileExists($"{StorageRig.Directory}/{QuarantineFile.FileName}"));
    }

    [Fact]
    public void Damage_is_told_once_with_its_place_and_only_the_damaged_segment_is_read_at_the_next_start()
    {
        SimulatedStorageDevice device = DamageRig.Closed(batches: 500);
        string[] logs = DamageRig.Logs(device);
        device.FlipBit(logs[1], 30_000 * 8);
        List<(string Directory, DamagedRange Range)> told = [];
        PartitionLogContext context;
        using (var rig = new StorageRig(device, DamageRig.Options))
        {
            context = rig.Context with { DamageFound = (directory, range) => told.Add((directory, range)) };
        }

        using (PartitionLog log = PartitionLog.Open(context, StorageRig.Directory, new("topic", 0), DamageRig.Options, cleanShutdown: false))
        {
            (long From, long To) lost = Assert.Single(DamageRig.Survey(log));
            Assert.Equal([lost], DamageRig.Survey(log));
            (string directory, DamagedRange range) = Assert.Single(told);
            Assert.Equal((StorageRig.Directory, lost.From, lost.To), (directory, range.FromOffset, range.ToOffset));
            Assert.Contains($"'{logs[1]}' at byte ", range.What, StringComparison.Ordinal);
        }

        using var again = new StorageRig(device, DamageRig.Options);
        Assert.Single(again.Log.Recovery.Damage);
        long damaged = device.FileLength(logs[1]);
        Assert.InRange(again.Log.Recovery.ScannedBytes, damaged, damaged + 5000); // and the end of the active one
    }

    [Fact]
    public void A_memory_that_cannot_be_read_goes_when_every_segment_is_right()
    {
        SimulatedStorageDevice device = DamageRig.Closed();
        string file = $"{StorageRig.Directory}/{QuarantineFile.FileName}";
        device.ReplaceDurably(file, "logqueue-quarantine 1\n0\n"u8);
        using var rig = new StorageRig(device, DamageRig.Options);
        Assert.Empty(rig.Log.Damage);
        Assert.True(rig.Log.Recovery.ScannedBytes >= DamageRig.Logs(device).Sum(device.FileLength) - 5000);
        Assert.False(device.FileExists(file));
    }

    [Fact]
    public void A_fenced_directory_is_not_written_to_and_the_damage_is_known_all_the_same()
    {
        SimulatedStorageDevice device = DamageRig.Closed();
        device.FlipBit(DamageRig.Logs(device)[0], 30_000 * 8);
        using var rig = new StorageRig(device, DamageRig.Options);
        rig.Context.Fence.Trip(new IOException("the disk is gone"));
        long operations = device.Operations;
        Assert.Single(DamageRig.Survey(rig.Log));
        Assert.Single(rig.Log.Damage);
        Assert.Equal(operations, device.Operations);
    }

    [Fact]
    public void Who_comes_second_finds_nothing_more_and_a_segment_that_went_has_no_damage()
    {
        SimulatedStorageDevice device = DamageRig.Closed();
        string path = DamageRig.Logs(device)[0];
        using var rig = new StorageRig(device, DamageRig.Options);
        var segment = LogSegment.Open(device, StorageRig.Directory, 0, new LeaseBudget(4), new LeaseBudget(4), writable: false);
        var segments = new SegmentList();
        segments.Add(segment);
        var quarantine = new Quarantine(rig.Context, StorageRig.Directory, segments, new LogOffsets(), []);
        Assert.True(SegmentSealer.TryAdopt(device, segment));
        device.FlipBit(path, 30_000 * 8);
        DamagedRange found = Assert.Single(quarantine.Examine(segment));
        Assert.Empty(quarantine.Examine(segment));
        Assert.Equal([found], quarantine.Ranges);
        segment.Close();
        quarantine.ExamineWritten(segment);
        Assert.Equal([found], quarantine.Ranges);
    }

    [Fact]
    public void What_was_booked_of_a_segment_is_forgotten_with_it_and_what_another_booked_stays()
    {
        SimulatedStorageDevice device = DamageRig.Closed();
        using var rig = new StorageRig(device, DamageRig.Options);
        var segments = new SegmentList();
        var known = new DamagedRange(900, 901, "no file");
        var quarantine = new Quarantine(rig.Context, StorageRig.Directory, segments, new LogOffsets(), [known]);
        foreach (string log in DamageRig.Logs(device)[..2])
        {
            var segment = LogSegment.Open(device, StorageRig.Directory, long.Parse(Path.GetFileNameWithoutExtension(log), NumberStyles.None, null),
                new LeaseBudget(4), new LeaseBudget(4), writable: false);
            segments.Add(segment);
            segment.Integrity.AllowGaps = false;
            device.FlipBit(log, 30_000 * 8);
            segment.Publish(segments.Count == 1 ? 100 : 1000, 40_000);
            segment.Integrity.Distrust(40_000, segment.NextOffset, isSealed: false);
            Assert.NotEmpty(quarantine.Examine(segment));
        }

        LogSegment[] all = [.. segments.Snapshot];
        DamagedRange[] ranges = quarantine.Ranges;
        Assert.True(quarantine.HasAny(all.AsSpan(0, 1)));
        quarantine.Forget([all[0]]);
        Assert.False(quarantine.HasAny(all.AsSpan(0, 1)));
        Assert.True(quarantine.HasAny(all.AsSpan(1)));
        Assert.Equal(ranges.Where(r => r.Segment != all[0]), quarantine.Ranges);
        Assert.Contains(known, quarantine.Ranges);
        Assert.Equal([all[1].BaseOffset], QuarantineFile.Load(device, StorageRig.Directory)!);
        quarantine.Forget([all[0]]);
        Assert.Equal(ranges.Where(r => r.Segment != all[0]), quarantine.Ranges);
        Array.ForEach(all, static s => s.Close());
    }

    [Theory]
    [InlineData(0, 5, 99, 0, 99, -1)] // ends before the damage: it is none of this reader's business
    [InlineData(0, 5, 100, 0, 100, 10)]
    [InlineData(0, 5, 101, 0, 100, 10)]
    [InlineData(0, 5, 900, 0, 100, 10)]
    [InlineData(0, 19, 900, 0, 100, 10)] // inside
    [InlineData(0, 20, 900, 200, 400, 40)] // behind the first
    [InlineData(0, 20, 399, 200, 399, -1)]
    [InlineData(0, 50, 900, 500, 900, -1)] // behind both
    [InlineData(7, 5, 900, 0, 900, -1)] // another segment
    public void A_stretch_ends_at_the_next_damage_below_its_limit(long segmentBase, long offset, long limit, long from, long newLimit, long next)
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        using var rig = new StorageRig(device, DamageRig.Options);
        var segment = LogSegment.Create(device, StorageRig.Root, segmentBase, new LeaseBudget(4), new LeaseBudget(4), 0);
        DamagedRange[] known =
        [
            new(40, 50, "two") { SegmentBaseOffset = 0, FromPosition = 400, ToPosition = 500 },
            new(10, 20, "one") { SegmentBaseOffset = 0, FromPosition = 100, ToPosition = 200 },
        ];
        var quarantine = new Quarantine(rig.Context, StorageRig.Directory, new SegmentList(), new LogOffsets(), known);

        quarantine.FindStretch(segment, offset, ref limit, out long start, out DamagedRange? found);

        Assert.Equal((from, newLimit, next), (start, limit, found?.FromOffset ?? -1));
        segment.Close();
    }

    private static void Swap(SimulatedStorageDevice device, string one, long first, string two, long second, int bytes)
    {
        using IStorageFile left = device.Open(one, StorageOpenMode.ReadWrite);
        using IStorageFile right = device.Open(two, StorageOpenMode.ReadWrite);
        byte[] a = new byte[bytes];
        byte[] b = new byte[bytes];
        left.Read(first, a);
        right.Read(second, b);
        left.Write(first, b);
        right.Write(second, a);
    }

    private static void AssertRefused(PartitionLog log)
    {
        AppendResult refused = log.Append(TestBatches.Build(1, 0), AppendOrigin.Client);
        Assert.Equal(AppendStatus.Offline, refused.Status);
        Assert.Contains("logqueue log repair /data --partition topic-0", refused.Detail, StringComparison.Ordinal);
    }
}
