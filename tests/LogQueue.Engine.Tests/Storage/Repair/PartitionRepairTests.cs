using LogQueue.Engine.Tests.Storage.Partitions;
using LogQueue.Records;
using LogQueue.Storage;
using LogQueue.Storage.Files;
using LogQueue.Storage.Partitions;
using LogQueue.Storage.Repair;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Repair;

public sealed class PartitionRepairTests
{
    [Fact]
    public void A_dry_run_tells_what_is_lost_and_changes_nothing_of_it()
    {
        SimulatedStorageDevice device = Damaged(out List<(long From, long To)> lost, out _);
        RepairReport report = Repair(device, acceptLoss: false);
        Assert.Equal(lost, report.Damage.Select(static d => (d.FromOffset, d.ToOffset)));
        Assert.All(report.Damage, static d => Assert.True(d.ToPosition > d.FromPosition));
        using var rig = new StorageRig(device, DamageRig.Options);
        Assert.Equal(lost, DamageRig.Survey(rig.Log));
        Assert.Equal(AppendStatus.Offline, rig.Log.Append(TestBatches.Build(1, 0), AppendOrigin.Client).Status);
        Assert.False(device.DirectoryExists($"{StorageRig.Root}/{LostAndFound.Name}"));
    }

    [Fact]
    public void A_repaired_log_takes_appends_and_readers_step_over_what_is_lost()
    {
        SimulatedStorageDevice device = Damaged(out List<(long From, long To)> lost, out SimulatedStorageDevice before);
        RepairReport report = Repair(device, acceptLoss: true);
        Assert.Equal(lost, report.Damage.Select(static d => (d.FromOffset, d.ToOffset)));
        foreach ((DamagedRange range, string kept) in report.Damage.Zip(report.Kept))
        {
            byte[] damaged = before.Content($"{StorageRig.Directory}/{range.SegmentBaseOffset:D20}.log");
            Assert.Equal(damaged[(int)range.FromPosition..(int)range.ToPosition], device.Content($"{StorageRig.Root}/{kept}"));
        }

        CheckRepaired(device, lost, report.LogEndOffset);
        Assert.Empty(Repair(device, acceptLoss: true).Damage);
    }

    [Fact]
    public void The_power_may_fail_at_every_step()
    {
        SimulatedStorageDevice damaged = Damaged(out List<(long From, long To)> lost, out _);
        SimulatedStorageDevice counted = damaged.Copy();
        long end = Repair(counted, acceptLoss: true).LogEndOffset;
        Assert.InRange(counted.Operations, 20, 5_000);
        for (long cut = 1; cut <= counted.Operations; cut++)
        {
            SimulatedStorageDevice device = damaged.Copy();
            device.CutPowerAt = cut;
            Assert.Throws<SimulatedPowerCutException>(() => Repair(device, acceptLoss: true));
            for (int seed = 0; seed < 3; seed++)
            {
                SimulatedStorageDevice after = device.Crash(seed);
                using (var rig = new StorageRig(after.Copy(), DamageRig.Options))
                {
                    // Repaired or still damaged, segment by segment; never shorter, never wrong.
                    Assert.Equal(end, rig.Log.LogEndOffset);
                    Assert.All(SurveyOver(rig.Log, lost), hole => Assert.Contains(hole, lost));
                }

                Repair(after, acceptLoss: true);
                CheckRepaired(after, lost, end);
            }
        }
    }

    [Fact]
    public void A_missing_segment_and_a_lost_tail_are_repaired()
    {
        SimulatedStorageDevice device = DamageRig.Closed(batches: 500);
        string[] logs = DamageRig.Logs(device);
        device.Delete(logs[1]);
        using (IStorageFile active = device.Open(logs[^1], StorageOpenMode.ReadWrite))
        {
            active.Truncate(active.Length - 1000);
        }

        long end;
        List<(long From, long To)> lost;
        using (var rig = new StorageRig(device, DamageRig.Options))
        {
            end = rig.Log.LogEndOffset;
            lost = DamageRig.Survey(rig.Log);
            Assert.Equal(2, lost.Count);
        }

        RepairReport report = Repair(device, acceptLoss: true);
        Assert.Equal(lost, report.Damage.Select(static d => (d.FromOffset, d.ToOffset)));
        CheckRepaired(device, lost, end);
    }

    [Fact]
    public async Task A_repaired_place_that_is_damaged_again_is_repaired_again_though_the_file_keeps_its_length()
    {
        SimulatedStorageDevice device = Damaged(out List<(long From, long To)> lost, out _);
        RepairReport first = Repair(device, acceptLoss: true);
        string path = DamageRig.Logs(device)[0];
        byte[] repaired = device.Content(path);
        using (var rig = new StorageRig(device, DamageRig.Options))
        {
            await rig.Log.CloseAsync(); // it has a seal again, which the same length would fit
        }

        device.FlipBit(path, (PositionOf(repaired, lost[0].From) + RecordBatchLayout.HeaderBytes - 1) * 8L);
        RepairReport second = Repair(device, acceptLoss: true);
        Assert.Equal([lost[0]], second.Damage.Select(static d => (d.FromOffset, d.ToOffset)));
        Assert.Equal(RecordBatchLayout.HeaderBytes, device.FileLength($"{StorageRig.Root}/{Assert.Single(second.Kept)}"));
        Assert.Equal(repaired, device.Content(path));
        CheckRepaired(device, lost, first.LogEndOffset);
    }

    [Fact]
    public void A_tail_that_is_missing_at_a_batch_boundary_leaves_nothing_to_keep_aside()
    {
        SimulatedStorageDevice device = DamageRig.Closed();
        string path = DamageRig.Logs(device)[^1];
        byte[] log = device.Content(path);
        (long From, long To) last = DamageRig.BatchAt(log, log.Length - 1);
        using (IStorageFile active = device.Open(path, StorageOpenMode.ReadWrite))
        {
            active.Truncate(PositionOf(log, last.From));
        }

        RepairReport report = Repair(device, acceptLoss: true);
        Assert.Equal([last], report.Damage.Select(static d => (d.FromOffset, d.ToOffset)));
        Assert.Empty(report.Kept);
        Assert.False(device.DirectoryExists($"{StorageRig.Root}/{LostAndFound.Name}"));
        CheckRepaired(device, [last], last.To);
    }

    [Fact]
    public void A_disk_that_spoils_the_repair_is_told_and_the_next_try_repairs_it()
    {
        SimulatedStorageDevice device = Damaged(out List<(long From, long To)> lost, out _);
        string path = DamageRig.Logs(device)[0];
        device.Fault = o =>
        {
            if (o.Kind == "rename" && o.Path == path + ".tmp")
            {
                device.FlipBit(path + ".tmp", 20_000 * 8);
            }

            return null;
        };
        CorruptLogException e = Assert.Throws<CorruptLogException>(() => Repair(device, acceptLoss: true));
        Assert.Equal(StorageRig.Directory, e.Path);
        Assert.Contains("an intact log after the repair", e.Message, StringComparison.Ordinal);
        Assert.Contains($"'{path}' at byte ", e.Message, StringComparison.Ordinal);
        device.Fault = null;
        (long From, long To) spoiled = Assert.Single(Repair(device, acceptLoss: true).Damage.Select(static d => (d.FromOffset, d.ToOffset)));
        CheckRepaired(device, [.. lost, spoiled], DamageRig.BatchAt(device.Content(DamageRig.Logs(device)[1]), device.FileLength(DamageRig.Logs(device)[1]) - 1).To);
    }

    [Fact]
    public void A_file_that_ends_while_it_is_copied_stops_the_repair_with_the_log_as_it_was()
    {
        SimulatedStorageDevice device = Damaged(out _, out _);
        string path = DamageRig.Logs(device)[0];
        long length = device.FileLength(path);
        device.Fault = o =>
        {
            if (o.Kind == "create" && o.Path == path + ".tmp")
            {
                using IStorageFile file = device.Open(path, StorageOpenMode.ReadWrite);
                file.Truncate(20_000);
            }

            return null;
        };
        CorruptLogException e = Assert.Throws<CorruptLogException>(() => Repair(device, acceptLoss: true));
        Assert.Equal((path, 20_000), (e.Path, device.FileLength(path)));
        Assert.Contains("the end of the file", e.Message, StringComparison.Ordinal);
        Assert.True(length > 20_000);
    }

    [Fact]
    public async Task A_missing_segment_among_records_without_a_time_has_none_either()
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        using (var rig = new StorageRig(device, DamageRig.Options))
        {
            for (int i = 0; i < 6; i++)
            {
                rig.Log.Append(TestBatches.Build(1, i, timestampMs: -1), AppendOrigin.Client);
                rig.Log.Roll();
                rig.Log.Commit();
            }

            await rig.Log.CloseAsync();
        }

        string missing = DamageRig.Logs(device)[2];
        device.Delete(missing);
        Assert.Equal([(2L, 3L)], Repair(device, acceptLoss: true).Damage.Select(static d => (d.FromOffset, d.ToOffset)));
        Assert.Equal(-1, new RecordBatchView(device.Content(missing)).MaxTimestamp);
        using var again = new StorageRig(device, DamageRig.Options);
        Assert.Equal([0L, 1, 3, 4, 5], StorageRig.ReadAll(again.Log, 0).Select(static r => r.Offset));
    }

    [Fact]
    public void An_empty_batch_is_a_batch_without_records()
    {
        byte[] bytes = EmptyBatch.Build(7, 3_000_000_010, leaderEpoch: 4, timestampMs: 99);
        Assert.Equal(2 * RecordBatchLayout.HeaderBytes, bytes.Length);
        var first = new RecordBatchView(bytes.AsSpan(0, RecordBatchLayout.HeaderBytes));
        var second = new RecordBatchView(bytes.AsSpan(RecordBatchLayout.HeaderBytes));
        Assert.True(first.IsChecksumValid && second.IsChecksumValid);
        Assert.Equal((7L, 0, 4, 99L, -1L), (first.BaseOffset, first.RecordCount, first.PartitionLeaderEpoch, first.MaxTimestamp, first.ProducerId));
        Assert.Equal(first.NextOffset, second.BaseOffset);
        Assert.Equal(3_000_000_010, second.NextOffset);
        using RecordBatchReader reader = RecordBatchReader.Open(bytes.AsMemory(0, RecordBatchLayout.HeaderBytes));
        Assert.False(reader.TryRead(out _));
    }

    [Fact]
    public void A_batch_that_a_repair_moves_to_where_the_checkpoint_ends_is_no_damage()
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        byte[] last = TestBatches.Build(1, 3, TestBatches.StartMs + 3);
        byte[] first = [];
        for (int bytes = 16; first.Length < last.Length + RecordBatchLayout.HeaderBytes; bytes++)
        {
            first = TestBatches.Build(1, 0, TestBatches.StartMs, bytes);
        }

        Assert.Equal(last.Length + RecordBatchLayout.HeaderBytes, first.Length); // and an empty batch takes its place
        using (var rig = new StorageRig(device, DamageRig.Options))
        {
            rig.Log.Append(first, AppendOrigin.Client);
            rig.Log.Append(TestBatches.Build(1, 1, TestBatches.StartMs + 1), AppendOrigin.Client);
            rig.Log.Append(TestBatches.Build(1, 2, TestBatches.StartMs + 2), AppendOrigin.Client);
            rig.Log.Commit();
            rig.Log.Maintain(rig.Time.GetUtcNow());
            rig.Log.Append(last, AppendOrigin.Client);
            rig.Log.Commit();
        }

        device.FlipBit(DamageRig.Logs(device)[0], 70 * 8);
        Assert.Single(Repair(device, acceptLoss: true).Damage);
        using var again = new StorageRig(device, DamageRig.Options);
        Assert.Empty(again.Log.Damage);
        Assert.Equal([1L, 2, 3], StorageRig.ReadAll(again.Log, 0).Select(static r => r.Tag));
    }

    private static void CheckRepaired(SimulatedStorageDevice device, List<(long From, long To)> lost, long end)
    {
        using (var rig = new StorageRig(device, DamageRig.Options))
        {
            Assert.Empty(rig.Log.Damage);
            Assert.Equal(end, rig.Log.LogEndOffset);
            Assert.Equal(lost, SurveyOver(rig.Log, lost));
            Assert.Equal(AppendStatus.Appended, rig.Log.Append(TestBatches.Build(1, end, TestBatches.StartMs + end), AppendOrigin.Client).Status);
            rig.Log.CloseAsync().GetAwaiter().GetResult();
        }

        using var again = new StorageRig(device, DamageRig.Options);
        Assert.Empty(again.Log.Damage);
        Assert.Equal(end + 1, again.Log.LogEndOffset);
        Assert.Equal(lost, SurveyOver(again.Log, lost));
    }

    /// <summary>Reads all and returns the offsets that no record has; only what is known to be lost may be missing.</summary>
    private static List<(long From, long To)> SurveyOver(PartitionLog log, List<(long From, long To)> lost)
    {
        var seen = new HashSet<long>();
        for (long offset = log.LogStartOffset; offset < log.LogEndOffset;)
        {
            ReadResult read = log.Read(offset, 20_000, ReadIsolation.LogEnd, atLeastOneBatch: true);
            if (read.Status == ReadStatus.Corrupt)
            {
                offset++;
                continue;
            }

            byte[] bytes = new byte[read.Records.LengthBytes];
            read.Records.CopyTo(bytes);
            read.Records.Dispose();
            var records = new List<SeenRecord>();
            offset = StorageRig.Decode(bytes, offset, records);
            Assert.All(records, static r => Assert.Equal(r.Offset, r.Tag));
            seen.UnionWith(records.Select(static r => r.Offset));
        }

        Assert.True(seen.All(offset => lost.TrueForAll(hole => offset < hole.From || offset >= hole.To)));
        Assert.Equal(log.LogEndOffset - log.LogStartOffset - lost.Sum(static hole => hole.To - hole.From), seen.Count);
        return lost;
    }

    private static RepairReport Repair(SimulatedStorageDevice device, bool acceptLoss)
    {
        var context = new PartitionLogContext
        {
            Device = device,
            TimeProvider = TimeProvider.System,
            Fence = new DirectoryFence(),
            CommitLog = new InlineCommitLog(),
        };
        return new PartitionRepair(context, StorageRig.Directory, DamageRig.Options).Run(acceptLoss);
    }

    /// <summary>Three damaged places: a body and a header in the sealed segment, a header in the active one.</summary>
    private static SimulatedStorageDevice Damaged(out List<(long From, long To)> lost, out SimulatedStorageDevice before)
    {
        SimulatedStorageDevice device = DamageRig.Closed();
        string[] logs = DamageRig.Logs(device);
        byte[] one = device.Content(logs[0]);
        byte[] two = device.Content(logs[1]);
        lost = [DamageRig.BatchAt(one, 10_000), DamageRig.BatchAt(one, 50_000), DamageRig.BatchAt(two, 20_000)];
        device.FlipBit(logs[0], 10_000 * 8);
        device.FlipBit(logs[0], (PositionOf(one, lost[1].From) + RecordBatchLayout.BatchLengthPosition + 2) * 8L);
        device.FlipBit(logs[1], (PositionOf(two, lost[2].From) + RecordBatchLayout.PartitionLeaderEpochPosition) * 8L);
        before = device.Copy();
        return device;
    }

    private static int PositionOf(byte[] log, long offset)
    {
        int at = 0;
        for (; new RecordBatchView(log.AsSpan(at)).BaseOffset != offset;)
        {
            at += (int)new RecordBatchView(log.AsSpan(at)).SizeBytes;
        }

        return at;
    }
}
