using LogQueue.Records;
using LogQueue.Storage;
using LogQueue.Storage.Compaction;
using LogQueue.Storage.Files;
using LogQueue.Storage.Partitions;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Compaction;

/// <summary>What cleaning keeps and drops, case by case, as Kafka's cleaner does.</summary>
public sealed class CompactionTests
{
    private const long Now = TestBatches.StartMs;

    [Theory]
    [InlineData(CompressionType.None)]
    [InlineData(CompressionType.Gzip)]
    [InlineData(CompressionType.Snappy)]
    [InlineData(CompressionType.Lz4)]
    [InlineData(CompressionType.Zstd)]
    public void The_last_value_of_each_key_stays_with_its_offset_time_and_codec(CompressionType codec)
    {
        using var rig = new StorageRig(options: CompactionRig.Small);
        CompactionRig.Append(rig.Log, CompactionRig.Batch([("a", "1"), ("b", "1"), ("c", "1")], Now - 500, codec));
        CompactionRig.Append(rig.Log, CompactionRig.Batch([("a", "2"), ("b", "2")], Now - 400, codec));
        CompactionRig.RollAndSeal(rig.Log);
        CompactionRig.Append(rig.Log, CompactionRig.Batch([("a", "3")], Now - 300, codec));
        rig.Log.Commit();

        CompactionResultIs(CompactionRig.Clean(rig.Log), removed: 2);

        Assert.Equal(
            [new(2, "c", "1", Now - 498), new(3, "a", "2", Now - 400), new(4, "b", "2", Now - 399), new(5, "a", "3", Now - 300)],
            CompactionRig.Read(rig.Log));
        (byte[] first, _) = CompactionRig.Batches(rig.Log).First();
        var view = new RecordBatchView(first);
        Assert.Equal((0, 2, 1, Now - 498, codec), (view.BaseOffset, view.LastOffset, view.RecordCount, view.MaxTimestamp, view.Compression));
        Assert.Equal(6, rig.Log.LogEndOffset);
        Assert.Equal(0, rig.Log.LogStartOffset);
        Assert.Equal(2, rig.Log.FindOffset(Now - 500)?.Offset);
    }

    [Fact]
    public void A_tombstone_stays_until_its_delete_horizon()
    {
        using var rig = new StorageRig(options: CompactionRig.Small);
        CompactionRig.Append(rig.Log, CompactionRig.Batch([("a", "1"), ("b", "1")], Now - 5000));
        CompactionRig.Append(rig.Log, CompactionRig.Batch([("a", null), ("c", "1")], Now - 4000, CompressionType.Lz4));
        CompactionRig.RollAndSeal(rig.Log);

        CompactionRig.Clean(rig.Log);
        KeyedRecord[] withTombstone = [new(1, "b", "1", Now - 4999), new(2, "a", null, Now - 4000), new(3, "c", "1", Now - 3999)];
        Assert.Equal(withTombstone, CompactionRig.Read(rig.Log));
        var view = new RecordBatchView(CompactionRig.Batches(rig.Log).ElementAt(1).Batch);
        Assert.True(view.HasDeleteHorizon);
        Assert.Equal(Now + 1000, view.BaseTimestamp); // the horizon: this pass + delete.retention.ms
        Assert.Equal(Now - 3999, view.MaxTimestamp);

        rig.Time.Advance(TimeSpan.FromMilliseconds(999));
        Assert.False(rig.Log.PlanCleaning(rig.Time.GetUtcNow())!.IsDue);
        CompactionRig.Clean(rig.Log);
        Assert.Equal(withTombstone, CompactionRig.Read(rig.Log));

        rig.Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.True(rig.Log.PlanCleaning(rig.Time.GetUtcNow())!.IsDue); // although nothing is dirty
        CompactionRig.Clean(rig.Log);
        Assert.Equal([withTombstone[0], withTombstone[2]], CompactionRig.Read(rig.Log));
        Assert.False(rig.Log.PlanCleaning(rig.Time.GetUtcNow())!.IsDue);
    }

    [Fact]
    public void Aborted_data_go_and_their_marker_follows_when_its_horizon_has_passed()
    {
        using var rig = new StorageRig(options: CompactionRig.Small);
        CompactionRig.Append(rig.Log, CompactionRig.Batch([("a", "good")]));
        CompactionRig.Append(rig.Log, CompactionRig.Batch([("a", "bad")], producerId: 7, sequence: 0, transactional: true));
        CompactionRig.Append(rig.Log, TestBatches.Marker(7, 0, commit: false));
        CompactionRig.Append(rig.Log, CompactionRig.Batch([("b", "good")], producerId: 7, sequence: 1, transactional: true));
        CompactionRig.Append(rig.Log, TestBatches.Marker(7, 0, commit: true));
        CompactionRig.RollAndSeal(rig.Log);
        Assert.Equal(["a", "b"], CompactionRig.Read(rig.Log).Select(static r => r.Key));

        CompactionRig.Clean(rig.Log);
        Assert.Equal([0L, 2, 3, 4], Offsets(rig.Log)); // the bad data are gone, both markers are there
        Assert.Single(rig.Log.Read(0, 10_000, ReadIsolation.Committed, true).AbortedTransactions);
        CompactionRig.Clean(rig.Log); // no data of the aborted transaction are left: the marker gets its horizon
        Assert.Equal([0L, 2, 3, 4], Offsets(rig.Log));
        rig.Time.Advance(TimeSpan.FromMilliseconds(999));
        CompactionRig.Clean(rig.Log);
        Assert.Equal([0L, 2, 3, 4], Offsets(rig.Log));
        rig.Time.Advance(TimeSpan.FromMilliseconds(1)); // at its horizon, not past it
        CompactionRig.Clean(rig.Log);
        Assert.Equal([0L, 3, 4], Offsets(rig.Log)); // the commit marker stays as long as data of its transaction do
        Assert.Equal(["good", "good"], CompactionRig.Read(rig.Log).Select(static r => r.Value));
    }

    [Fact]
    public void Nothing_past_the_last_stable_offset_is_cleaned()
    {
        using var rig = new StorageRig(options: CompactionRig.Small);
        CompactionRig.Append(rig.Log, CompactionRig.Batch([("a", "1")]));
        CompactionRig.RollAndSeal(rig.Log);
        CompactionRig.Append(rig.Log, CompactionRig.Batch([("a", "2")], producerId: 7, sequence: 0, transactional: true));
        CompactionRig.RollAndSeal(rig.Log);
        CompactionRig.Append(rig.Log, CompactionRig.Batch([("a", "3")]));
        CompactionRig.RollAndSeal(rig.Log);
        Assert.Equal(1, rig.Log.PlanCleaning(rig.Time.GetUtcNow())!.EndOffset);
        CompactionRig.Clean(rig.Log);
        Assert.Equal([0L, 1, 2], Offsets(rig.Log));

        CompactionRig.Append(rig.Log, TestBatches.Marker(7, 0, commit: true));
        rig.Log.Commit();
        CompactionRig.Clean(rig.Log);
        Assert.Equal([1L, 2, 3], Offsets(rig.Log)); // of the producer's last batch the header stays: it has the sequence
        Assert.Equal(["3"], CompactionRig.Read(rig.Log).Select(static r => r.Value));
    }

    [Fact]
    public void The_last_sequence_of_a_producer_outlives_its_records()
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        using (var rig = new StorageRig(device, CompactionRig.Small))
        {
            CompactionRig.Append(rig.Log, CompactionRig.Batch([("a", "1"), ("b", "1")], producerId: 9, sequence: 0));
            CompactionRig.Append(rig.Log, CompactionRig.Batch([("a", "2"), ("b", "2")], producerId: 9, sequence: 2));
            CompactionRig.Append(rig.Log, CompactionRig.Batch([("a", "3"), ("b", "3")]));
            CompactionRig.RollAndSeal(rig.Log);
            CompactionRig.Clean(rig.Log);
            Assert.Equal([2L, 4], CompactionRig.Batches(rig.Log).Select(static b => new RecordBatchView(b.Batch).BaseOffset));
        }

        foreach (string name in device.ListFiles(StorageRig.Directory).Where(static n => n.EndsWith(".snapshot", StringComparison.Ordinal)))
        {
            device.Delete(Path.Combine(StorageRig.Directory, name));
        }

        using var again = new StorageRig(device, CompactionRig.Small);
        Assert.Empty(again.Log.Recovery.Damage);
        byte[] retry = CompactionRig.Batch([("a", "2"), ("b", "2")], producerId: 9, sequence: 2);
        Assert.Equal(AppendStatus.Duplicate, again.Log.Append(retry, AppendOrigin.Client).Status);
    }

    [Fact]
    public void Lag_and_ratio_decide_when_a_log_is_due()
    {
        using var rig = new StorageRig(options: CompactionRig.Small with { MinCompactionLagMs = 100 });
        CompactionRig.Append(rig.Log, CompactionRig.Batch([("a", "1")]));
        CompactionRig.RollAndSeal(rig.Log);
        rig.Time.Advance(TimeSpan.FromMilliseconds(99));
        Assert.Empty(Plan().Segments); // too young
        rig.Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.True(Plan().IsDue); // as old as the lag, to the millisecond
        CompactionRig.Clean(rig.Log);
        Assert.False(Plan().IsDue);

        CompactionRig.Append(rig.Log, CompactionRig.Batch([("b", "1")]));
        CompactionRig.RollAndSeal(rig.Log);
        rig.Log.Reconfigure(CompactionRig.Small with { MinCleanableDirtyRatio = 0.9 });
        Assert.InRange(Plan().DirtyRatio, 0.4, 0.6);
        Assert.False(Plan().IsDue);
        rig.Log.Reconfigure(CompactionRig.Small with { MinCleanableDirtyRatio = 0.2 });
        Assert.True(Plan().IsDue);
        rig.Log.Reconfigure(CompactionRig.Small with { MinCleanableDirtyRatio = 0.9, MaxCompactionLagMs = 50 });
        Assert.True(Plan().IsDue && Plan().IsLate);
        rig.Log.Reconfigure(CompactionRig.Small with { Compacted = false });
        Assert.Null(rig.Log.PlanCleaning(rig.Time.GetUtcNow()));

        CleanPlan Plan() => rig.Log.PlanCleaning(rig.Time.GetUtcNow())!;
    }

    [Fact]
    public async Task Small_neighbours_become_one_segment_and_readers_of_the_old_ones_finish()
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        using var rig = new StorageRig(device, CompactionRig.Small);
        for (int i = 0; i < 6; i++)
        {
            CompactionRig.Append(rig.Log, CompactionRig.Batch([("a", $"{i}"), ($"k{i}", "x")]));
            CompactionRig.RollAndSeal(rig.Log);
        }

        Assert.Equal(7, rig.Log.SegmentCount);
        ReadResult held = rig.Log.Read(0, 10_000, ReadIsolation.Committed, atLeastOneBatch: true);
        CompactionRig.Clean(rig.Log);
        Assert.InRange(rig.Log.SegmentCount, 2, 3);
        byte[] old = new byte[held.Records.LengthBytes];
        held.Records.CopyTo(old); // of a file whose name is gone
        Assert.Equal(2, new RecordBatchView(old).RecordCount);
        held.Records.Dispose();
        Assert.Equal(["k0", "k1", "k2", "k3", "k4", "a", "k5"], CompactionRig.Read(rig.Log).Select(static r => r.Key));
        await rig.Log.CloseAsync();
        Assert.Equal(0, device.OpenFiles);
        Assert.DoesNotContain(device.ListFiles(StorageRig.Directory), static n => n.Contains("cleaned", StringComparison.Ordinal)
            || n.Contains("manifest", StringComparison.Ordinal));
    }

    [Fact]
    public void A_damaged_segment_is_left_as_it_is_and_named()
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        using var rig = new StorageRig(device, CompactionRig.Small);
        CompactionRig.Append(rig.Log, CompactionRig.Batch([("a", "1")]));
        CompactionRig.RollAndSeal(rig.Log);
        CompactionRig.Append(rig.Log, CompactionRig.Batch([("a", "2")]));
        CompactionRig.RollAndSeal(rig.Log);
        string path = SegmentFileName.PathOf(StorageRig.Directory, 1, SegmentFileName.Log);
        device.FlipBit(path, (7 * 8) + 2); // in the base offset, which the batch's own checksum does not cover
        byte[] before = device.Content(path);

        CorruptLogException e = Assert.Throws<CorruptLogException>(() => CompactionRig.Clean(rig.Log));

        Assert.Equal(path, e.Path);
        Assert.Equal(before, device.Content(path));
        Assert.False(rig.Context.Fence.IsTripped);
        Assert.Equal(AppendStatus.Appended, rig.Log.Append(CompactionRig.Batch([("a", "3")]), AppendOrigin.Client).Status);
    }

    [Fact]
    public void A_full_disk_leaves_the_log_as_it_was_and_the_next_try_succeeds()
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        using var rig = new StorageRig(device, CompactionRig.Small);
        for (int i = 0; i < 4; i++)
        {
            CompactionRig.Append(rig.Log, CompactionRig.Batch([("a", $"{i}"), ("b", $"{i}")]));
            CompactionRig.RollAndSeal(rig.Log);
        }

        List<KeyedRecord> before = CompactionRig.Read(rig.Log);
        device.Fault = static o => o.Kind is "write" or "allocate" && o.Path.Contains(".cleaned", StringComparison.Ordinal)
            ? new SimulatedFault(StorageError.NoSpace) : null;
        Assert.Equal(StorageError.NoSpace, Assert.Throws<StorageException>(() => CompactionRig.Clean(rig.Log)).Error);
        Assert.False(rig.Context.Fence.IsTripped);
        Assert.Equal(before, CompactionRig.Read(rig.Log));
        device.Fault = null;
        CompactionRig.Clean(rig.Log);
        Assert.Equal(["3", "3"], CompactionRig.Read(rig.Log).Select(static r => r.Value));
    }

    [Fact]
    public void A_failed_sync_fences_and_reads_go_on()
    {
        for (int failing = 1; ; failing++)
        {
            int seen = 0;
            var device = new SimulatedStorageDevice(StorageRig.Root);
            using var rig = new StorageRig(device, CompactionRig.Small);
            for (int i = 0; i < 3; i++)
            {
                CompactionRig.Append(rig.Log, CompactionRig.Batch([("a", $"{i}"), ("b", $"{i}")]));
                CompactionRig.RollAndSeal(rig.Log);
            }

            List<KeyedRecord> before = CompactionRig.Read(rig.Log);
            device.Fault = o => o.Kind is "sync" or "syncdir" && ++seen == failing ? new SimulatedFault(StorageError.InputOutput) : null;
            try
            {
                CompactionRig.Clean(rig.Log);
                Assert.InRange(failing, 5, 40);
                return;
            }
            catch (StorageException)
            {
                Assert.True(rig.Context.Fence.IsTripped, $"sync {failing} failed unseen");
            }

            Assert.Equal(CompactionRig.LastOf(before), CompactionRig.LastOf(CompactionRig.Read(rig.Log)));
            rig.Log.Dispose();
            device.Fault = null;
            using var again = new StorageRig(device.Crash(failing), CompactionRig.Small);
            Assert.Empty(again.Log.Recovery.Damage);
            Assert.Equal(CompactionRig.LastOf(before), CompactionRig.LastOf(CompactionRig.Read(again.Log)));
        }
    }

    [Fact]
    public void A_cut_log_is_dirty_again()
    {
        using var rig = new StorageRig(options: CompactionRig.Small);
        for (int i = 0; i < 3; i++)
        {
            CompactionRig.Append(rig.Log, CompactionRig.Batch([($"k{i}", "x")]));
            CompactionRig.RollAndSeal(rig.Log);
        }

        CompactionRig.Clean(rig.Log);
        Assert.Equal(3, rig.Log.PlanCleaning(rig.Time.GetUtcNow())!.FirstDirtyOffset);
        rig.Log.TruncateTo(1);
        Assert.Equal(0, rig.Log.PlanCleaning(rig.Time.GetUtcNow())!.FirstDirtyOffset);
    }

    private static IEnumerable<long> Offsets(PartitionLog log) =>
        CompactionRig.Batches(log).Select(static b => new RecordBatchView(b.Batch).BaseOffset);

    private static void CompactionResultIs(CleanResult result, long removed) =>
        Assert.Equal((1, removed, true), (result.Passes, result.RecordsRemoved, result.IsComplete));
}
