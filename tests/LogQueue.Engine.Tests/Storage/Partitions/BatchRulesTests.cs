using System.Buffers.Binary;
using LogQueue.Records;
using LogQueue.Storage;
using LogQueue.Storage.Partitions;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Partitions;

public sealed class BatchRulesTests
{
    private const long Now = TestBatches.StartMs;

    [Theory]
    [InlineData(0)]
    [InlineData(30)]
    [InlineData(70)]
    public void Bytes_behind_a_batch_that_are_no_batch_are_named_by_their_position(int trailing)
    {
        byte[] batch = TestBatches.Build(2, 0);
        byte[] bytes = [.. batch, .. new byte[trailing]];
        AppendResult? result = Check(bytes);
        if (trailing == 0)
        {
            Assert.Null(result);
            return;
        }

        AssertRefused(AppendStatus.CorruptBatch, $"The bytes at {batch.Length} are no whole record batch.", result);
    }

    [Fact]
    public void An_idempotent_producer_appends_one_batch_at_a_time_and_the_engine_may_append_more()
    {
        byte[] one = TestBatches.Build(1, 0, producerId: 5, producerEpoch: 0, baseSequence: 0);
        byte[] two = [.. one, .. TestBatches.Build(1, 0, producerId: 5, producerEpoch: 0, baseSequence: 1)];
        Assert.Null(Check(one));
        AssertRefused(AppendStatus.InvalidRecord, "An idempotent producer appends one batch at a time.", Check(two));
        Assert.Null(Check(two, origin: AppendOrigin.Internal));
        Assert.Null(Check([.. TestBatches.Build(1, 0), .. TestBatches.Build(1, 0)]));
    }

    [Fact]
    public void Times_are_held_against_the_bounds_of_the_topic()
    {
        byte[] future = TestBatches.Build(1, 0, Now + 1001);
        byte[] past = TestBatches.Build(1, 0, Now - 501);
        var options = new LogOptions { TimestampAfterMaxMs = 1000, TimestampBeforeMaxMs = 500 };
        AssertRefused(AppendStatus.InvalidTimestamp,
            $"Timestamps {Now + 1001} to {Now + 1001} are outside what the topic accepts around {Now}.", Check(future, options));
        Assert.Equal(AppendStatus.InvalidTimestamp, Check(past, options)?.Status);
        Assert.Null(Check(TestBatches.Build(1, 0, Now + 1000), options));
        Assert.Null(Check(TestBatches.Build(1, 0, Now - 500), options));
        Assert.Null(Check(TestBatches.Build(1, 0, -1), options)); // it has no time at all
        var unbounded = new LogOptions { TimestampAfterMaxMs = long.MaxValue, TimestampBeforeMaxMs = long.MaxValue };
        Assert.Null(Check(TestBatches.Build(1, 0, long.MaxValue / 2), unbounded));
        Assert.Null(Check(TestBatches.Build(1, 0, 0), unbounded));
    }

    [Theory]
    [InlineData(RecordBatchLayout.AttributesPosition + 1, 7, AppendStatus.UnsupportedCompression, "UnknownCompression")]
    [InlineData(RecordBatchLayout.AttributesPosition + 1, RecordBatchLayout.LogAppendTimeBit, AppendStatus.InvalidTimestamp, "BadTimestamp")]
    [InlineData(RecordBatchLayout.AttributesPosition + 1, RecordBatchLayout.ControlBit, AppendStatus.InvalidRecord, "ControlFromClient")]
    [InlineData(RecordBatchLayout.AttributesPosition + 1, RecordBatchLayout.TransactionalBit, AppendStatus.InvalidRecord, "BadSequence")]
    [InlineData(RecordBatchLayout.BaseOffsetPosition + 7, 9, AppendStatus.InvalidRecord, "BadOffsets")]
    [InlineData(RecordBatchLayout.RecordCountPosition + 3, 9, AppendStatus.InvalidRecord, "BadRecordCount")]
    [InlineData(RecordBatchLayout.MagicPosition, 1, AppendStatus.CorruptBatch, "BadMagic")]
    public void Each_fault_of_a_batch_has_its_answer(int position, byte value, AppendStatus expected, string verdict)
    {
        byte[] batch = TestBatches.Build(2, 0);
        batch[position] = value;
        RecordBatchStamp.WriteCrc(batch);
        AssertRefused(expected, $"The record batch is refused: {verdict}.", Check(batch));
    }

    [Fact]
    public void A_batch_larger_than_the_topic_takes_is_refused_only_to_clients()
    {
        byte[] batch = TestBatches.Build(1, 0, valueBytes: 500);
        var options = new LogOptions { MaxMessageBytes = 400 };
        AssertRefused(AppendStatus.TooLarge, "The record batch is refused: TooLarge.", Check(batch, options));
        Assert.Null(Check(batch, options, AppendOrigin.Internal));
    }

    [Fact]
    public void A_compacted_topic_takes_no_record_without_a_key_and_says_which()
    {
        using var builder = new RecordBatchBuilder(new RecordBatchBuilderOptions());
        builder.TryAppend(Now, "k"u8.ToArray(), "v"u8.ToArray());
        builder.TryAppend(Now, key: (ReadOnlyMemory<byte>?)null, "v"u8.ToArray());
        byte[] batch = builder.Build().ToArray();
        Assert.Null(Check(batch));
        AssertRefused(AppendStatus.InvalidRecord, "Record 1 of the batch: a record without key in a compacted topic.",
            Check(batch, new LogOptions { Compacted = true }));
    }

    [Fact]
    public void A_length_that_cannot_be_is_no_batch()
    {
        byte[] batch = TestBatches.Build(2, 0);
        foreach (int length in (int[])[0, -1, int.MaxValue, batch.Length - 11])
        {
            BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(RecordBatchLayout.BatchLengthPosition), length);
            AssertRefused(AppendStatus.CorruptBatch, "The bytes at 0 are no whole record batch.", Check(batch));
        }
    }

    private static void AssertRefused(AppendStatus status, string detail, AppendResult? result)
    {
        Assert.Equal((status, detail), (result?.Status, result?.Detail));
        Assert.Equal(3, result?.LogStartOffset);
    }

    private static AppendResult? Check(byte[] batches, LogOptions? options = null, AppendOrigin origin = AppendOrigin.Client) =>
        BatchRules.Check(batches, origin, options ?? new LogOptions(), Now, logStartOffset: 3);
}
