using LogQueue.Client.Consuming;
using LogQueue.Protocol.Messages;
using LogQueue.Records;

namespace LogQueue.Client.Tests.Client.Consuming;

public sealed class ChunkDecoderTests
{
    private static readonly ConsumerOptions Options = new() { Topics = ["t"] };

    [Fact]
    public void A_fetch_in_the_middle_of_a_batch_starts_at_its_offset()
    {
        ChunkDecoder decoder = Decoder(12);
        List<FetchedChunk> chunks = decoder.Decode(Batch(10, 5), null);
        Assert.Equal([12, 13, 14], Offsets(chunks));
        Assert.Equal(15, decoder.NextOffset);
    }

    [Fact]
    public void A_torn_tail_is_left_for_the_next_fetch()
    {
        ChunkDecoder decoder = Decoder(0);
        List<FetchedChunk> chunks = decoder.Decode(Join(Batch(0, 3), Batch(3, 3)[..40]), null);
        Assert.Equal([0, 1, 2], Offsets(chunks));
        Assert.Equal(3, decoder.NextOffset);
        Assert.Throws<CorruptRecordException>(() => Decoder(3).Decode(Batch(3, 3).AsMemory(0, 70), null));
    }

    [Fact]
    public void Nothing_is_yielded_from_the_stop_on()
    {
        ChunkDecoder decoder = Decoder(0, stop: 4);
        Assert.Equal([0, 1, 2, 3], Offsets(decoder.Decode(Join(Batch(0, 3), Batch(3, 3), Batch(6, 3)), null)));
        Assert.Equal(4, decoder.NextOffset);
    }

    [Fact]
    public void A_damaged_batch_is_an_error()
    {
        byte[] bytes = Batch(0, 3);
        bytes[^1] ^= 1;
        Assert.Throws<CorruptRecordException>(() => Decoder(0).Decode(bytes, null));
    }

    [Fact]
    public void Control_batches_are_skipped_and_the_position_passes_them()
    {
        ChunkDecoder decoder = Decoder(0);
        List<FetchedChunk> chunks = decoder.Decode(Join(Batch(0, 1), Control(1, 7)), null);
        Assert.Equal([0], Offsets(chunks));
        Assert.Equal(2, decoder.NextOffset);
        Assert.Equal(2, chunks[^1].NextOffset);
        ChunkDecoder only = Decoder(1);
        FetchedChunk empty = Assert.Single(only.Decode(Control(1, 7), null));
        Assert.Equal((0, 2L), (empty.Count, empty.NextOffset));
    }

    [Fact]
    public void Aborted_transactions_are_left_out_when_reading_committed()
    {
        byte[] log = Join(Batch(0, 2, producer: 7), Batch(2, 2, producer: 8), Batch(4, 1), Control(5, 7), Control(6, 8), Batch(7, 1, producer: 7));
        FetchResponse.AbortedTransaction[] aborted = [new() { ProducerId = 7, FirstOffset = 0 }];
        Assert.Equal([2, 3, 4, 7], Offsets(Decoder(0, isolation: IsolationLevel.ReadCommitted).Decode(log, aborted)));
        Assert.Equal([0, 1, 2, 3, 4, 7], Offsets(Decoder(0).Decode(log, null)));
    }

    [Fact]
    public void Records_own_their_memory()
    {
        byte[] bytes = Batch(0, 3);
        ConsumedRecord record = Decoder(0).Decode(bytes, null)[0].Records[1];
        Array.Clear(bytes);
        Assert.Equal("v1", record.ValueText);
    }

    [Theory]
    [InlineData(0, -1)]
    [InlineData(1, -1)]
    [InlineData(5, -1)]
    [InlineData(9, -1)]
    [InlineData(0, 1)]
    [InlineData(0, 3)]
    [InlineData(2, 4)]
    [InlineData(0, 7)]
    [InlineData(4, 2)]
    [InlineData(0, 100)]
    public void The_headers_alone_tell_where_the_next_fetch_goes_on(long offset, long stop)
    {
        byte[] log = Join(Batch(0, 3), Control(3, 7), Batch(4, 3), Batch(7, 3)[..50]);
        ChunkDecoder decoder = Decoder(offset, stop);
        decoder.Decode(log, null);
        Assert.Equal(decoder.NextOffset, ChunkDecoder.EndOf(log, offset, stop));
        Assert.Equal(offset, ChunkDecoder.EndOf(Batch(offset, 2).AsSpan(0, 40), offset, stop));
    }

    private static ChunkDecoder Decoder(long offset, long stop = -1, IsolationLevel isolation = IsolationLevel.ReadUncommitted) =>
        new(new ReadPartition(new TopicPartition("t", 0)), Options with { Isolation = isolation }, offset, stop);

    private static long[] Offsets(List<FetchedChunk> chunks) => [.. chunks.SelectMany(static c => c.Records.Take(c.Count)).Select(static r => r.Offset)];

    private static byte[] Join(params byte[][] parts) => [.. parts.SelectMany(static p => p)];

    private static byte[] Batch(long offset, int count, long producer = -1)
    {
        using var builder = new RecordBatchBuilder(new RecordBatchBuilderOptions
        {
            BaseOffset = offset, ProducerId = producer, ProducerEpoch = 0, BaseSequence = producer < 0 ? -1 : 0, IsTransactional = producer >= 0,
            Compression = CompressionType.None,
        });
        for (int i = 0; i < count; i++)
        {
            builder.TryAppend(1, default(ReadOnlySpan<byte>), System.Text.Encoding.UTF8.GetBytes($"v{i}"));
        }

        return builder.Build().ToArray();
    }

    /// <summary>An abort marker: key is version and type 0, value version and coordinator epoch.</summary>
    private static byte[] Control(long offset, long producer)
    {
        using var builder = new RecordBatchBuilder(new RecordBatchBuilderOptions
        {
            BaseOffset = offset, ProducerId = producer, ProducerEpoch = 0, IsTransactional = true, IsControl = true, Compression = CompressionType.None,
        });
        builder.TryAppend(1, new byte[4], new byte[6]);
        return builder.Build().ToArray();
    }
}
