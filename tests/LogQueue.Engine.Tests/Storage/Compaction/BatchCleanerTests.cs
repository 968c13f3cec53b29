using System.Buffers.Binary;
using LogQueue.Records;
using LogQueue.Storage;
using LogQueue.Storage.Compaction;
using LogQueue.TestKit.Storage;
using LogQueue.Wire.Memory;

namespace LogQueue.Engine.Tests.Storage.Compaction;

/// <summary>What a cleaned batch looks like: times, horizons, records that have no key.</summary>
public sealed class BatchCleanerTests
{
    private const long Now = TestBatches.StartMs;

    [Fact]
    public void Records_of_append_time_keep_the_time_of_their_batch()
    {
        using var rig = new StorageRig(options: CompactionRig.Small with { TimestampType = TimestampType.LogAppendTime });
        CompactionRig.Append(rig.Log, CompactionRig.Batch([("a", "1"), ("b", null)], Now - 5000));
        rig.Time.Advance(TimeSpan.FromMilliseconds(50));
        CompactionRig.Append(rig.Log, CompactionRig.Batch([("a", "2")], Now - 4000));
        CompactionRig.RollAndSeal(rig.Log);
        CompactionRig.Clean(rig.Log);
        Assert.Equal([new(1, "b", null, Now), new(2, "a", "2", Now + 50)], CompactionRig.Read(rig.Log));
        var view = new RecordBatchView(CompactionRig.Batches(rig.Log).First().Batch);
        Assert.Equal((TimestampType.LogAppendTime, Now, true), (view.TimestampType, view.MaxTimestamp, view.HasDeleteHorizon));
    }

    [Fact]
    public void A_tombstone_that_is_kept_for_ever_has_a_horizon_that_never_comes()
    {
        using var rig = new StorageRig(options: CompactionRig.Small with { DeleteRetentionMs = long.MaxValue });
        CompactionRig.Append(rig.Log, CompactionRig.Batch([("a", null)], Now - 5000));
        CompactionRig.RollAndSeal(rig.Log);
        CompactionRig.Clean(rig.Log);
        Assert.Equal(long.MaxValue, new RecordBatchView(CompactionRig.Batches(rig.Log).First().Batch).BaseTimestamp);
        rig.Time.Advance(TimeSpan.FromDays(4000));
        Assert.False(rig.Log.PlanCleaning(rig.Time.GetUtcNow())!.IsDue);
        CompactionRig.Clean(rig.Log);
        Assert.Equal([new(0, "a", null, Now - 5000)], CompactionRig.Read(rig.Log));
    }

    [Fact]
    public void A_tombstone_that_is_kept_no_time_goes_with_the_next_pass_which_is_due_at_once()
    {
        using var rig = new StorageRig(options: CompactionRig.Small with { DeleteRetentionMs = 0 });
        CompactionRig.Append(rig.Log, CompactionRig.Batch([("a", null), ("b", "1")], Now - 5000));
        CompactionRig.RollAndSeal(rig.Log);
        CompactionRig.Clean(rig.Log);
        Assert.Equal(2, CompactionRig.Read(rig.Log).Count);
        Assert.True(rig.Log.PlanCleaning(rig.Time.GetUtcNow())!.IsDue);
        CompactionRig.Clean(rig.Log);
        Assert.Equal([new(1, "b", "1", Now - 4999)], CompactionRig.Read(rig.Log));
        Assert.False(rig.Log.PlanCleaning(rig.Time.GetUtcNow())!.IsDue);
    }

    [Fact]
    public void A_horizon_that_has_passed_before_the_data_went_makes_no_pass_due()
    {
        byte[] marker = TestBatches.Marker(7, 0, commit: true);
        RecordBatchStamp.Stamp(marker, 1, 0);
        marker[RecordBatchLayout.AttributesPosition + 1] |= (byte)RecordBatchLayout.DeleteHorizonBit;
        BinaryPrimitives.WriteInt64BigEndian(marker.AsSpan(RecordBatchLayout.BaseTimestampPosition), Now - 1);
        RecordBatchStamp.WriteCrc(marker);
        var map = new KeyOffsetMap(1000);
        map.Reset(1, 1);
        map.EndOffset = 2;
        using var cleaner = new BatchCleaner(map, new CleanedTransactions([]), ActiveProducers.None, CompactionRig.Small, Now);
        using var output = new PooledBufferWriter();
        byte[] data = CompactionRig.Batch([("a", "1")], producerId: 7, sequence: 0, transactional: true);
        Assert.True(cleaner.Clean(new RecordBatchView(data), output));
        Assert.True(cleaner.Clean(new RecordBatchView(marker), output)); // it stays for the data, however old it is
        Assert.Equal([.. data, .. marker], output.WrittenSpan.ToArray());
        Assert.Equal(long.MaxValue, cleaner.NextHorizonMs); // or the log would be due for ever
    }

    [Fact]
    public void Records_of_before_the_topic_was_compacted_go_when_they_have_no_key()
    {
        LogOptions before = CompactionRig.Small with { Compacted = false };
        using var rig = new StorageRig(options: before);
        using var builder = new RecordBatchBuilder(new RecordBatchBuilderOptions());
        RecordHeader[] headers = [new("h", "kept"u8.ToArray())];
        builder.TryAppend(Now, null, "no key"u8.ToArray(), headers);
        builder.TryAppend(Now, "a"u8.ToArray(), "1"u8.ToArray(), headers);
        builder.TryAppend(Now, null, null, headers);
        CompactionRig.Append(rig.Log, builder.Build().ToArray());
        CompactionRig.RollAndSeal(rig.Log);
        rig.Log.Reconfigure(CompactionRig.Small);
        Assert.Equal(2, CompactionRig.Clean(rig.Log).RecordsRemoved);
        Assert.Equal([new(1, "a", "1", Now)], CompactionRig.Read(rig.Log));
    }
}
