using CsCheck;
using LogQueue.Records;

namespace LogQueue.Engine.Tests.Records;

public sealed class RecordBatchBuilderTests
{
    private static readonly Gen<byte[]?> Bytes = Gen.Null(Gen.Byte.Array[0, 60], 0.2);

    private static readonly Gen<(long Timestamp, byte[]? Key, byte[]? Value, (string, byte[]?)[] Headers)> OneRecord =
        Gen.Select(Gen.Long[0, 1L << 45], Bytes, Bytes, Gen.Select(Gen.String[0, 12], Bytes).Array[0, 3]);

    public static TheoryData<CompressionType> Codecs => [.. Enum.GetValues<CompressionType>()];

    [Theory]
    [MemberData(nameof(Codecs))]
    public void Records_come_back_as_they_were_appended(CompressionType codec) => OneRecord.Array[1, 40].Sample(
        records =>
        {
            using var builder = new RecordBatchBuilder(new RecordBatchBuilderOptions { Compression = codec, BaseOffset = 17, ProducerId = 5, ProducerEpoch = 1, BaseSequence = 9 });
            foreach ((long timestamp, byte[]? key, byte[]? value, (string, byte[]?)[] headers) in records)
            {
                Assert.True(builder.TryAppend(timestamp, Memory(key), Memory(value), [.. headers.Select(static h => new RecordHeader(h.Item1, Memory(h.Item2)))]));
            }

            Memory<byte> batch = builder.Build();
            Assert.Equal(BatchVerdict.Valid, RecordBatchValidator.ValidateHeaderAndChecksum(batch.Span, int.MaxValue));
            Assert.Equal(BatchVerdict.Valid, RecordBatchValidator.ValidateRecords(batch, RecordDecodeLimits.Default, requireKeys: false, out _));
            Assert.Equal(records.Max(static r => r.Timestamp), new RecordBatchView(batch.Span).MaxTimestamp);
            using RecordBatchReader reader = RecordBatchReader.Open(batch);
            for (int i = 0; i < records.Length; i++)
            {
                Assert.True(reader.TryRead(out LogQueue.Records.Record record));
                Assert.Equal(17 + i, record.Offset);
                Assert.Equal(records[i].Timestamp, record.TimestampMs);
                Assert.Equal(records[i].Key, record.Key?.ToArray());
                Assert.Equal(records[i].Value, record.Value?.ToArray());
                Assert.Equal(records[i].Headers.Select(static h => h.Item1), record.Headers.Select(static h => h.Key));
                Assert.Equal(records[i].Headers.Select(static h => h.Item2), record.Headers.Select(static h => h.Value?.ToArray()));
            }

            Assert.False(reader.TryRead(out _));
        },
        iter: 40);

    [Fact]
    public void A_full_batch_refuses_the_next_record_and_a_reset_one_takes_it()
    {
        using var builder = new RecordBatchBuilder(new RecordBatchBuilderOptions { MaxBatchBytes = 500, Compression = CompressionType.None });
        Assert.True(builder.TryAppend(1, "k"u8, new byte[600]));
        Assert.False(builder.TryAppend(2, "k"u8, "v"u8));
        Assert.Equal(1, builder.RecordCount);

        builder.Reset();

        Assert.True(builder.TryAppend(2, "k"u8, "v"u8));
        Assert.Equal(2, new RecordBatchView(builder.Build().Span).BaseTimestamp);
    }

    [Fact]
    public void A_batch_without_a_record_is_not_built()
    {
        using var builder = new RecordBatchBuilder(new RecordBatchBuilderOptions());
        Assert.Contains("at least one record", Assert.Throws<InvalidOperationException>(() => builder.Build()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void With_append_time_all_records_have_the_time_of_the_batch()
    {
        using var builder = new RecordBatchBuilder(new RecordBatchBuilderOptions { TimestampType = TimestampType.LogAppendTime });
        builder.TryAppend(1000, "k"u8, "v"u8);
        builder.TryAppend(1500, "k"u8, "v"u8);
        Memory<byte> batch = builder.Build();
        Assert.Equal(TimestampType.LogAppendTime, new RecordBatchView(batch.Span).TimestampType);
        using RecordBatchReader reader = RecordBatchReader.Open(batch);
        while (reader.TryRead(out LogQueue.Records.Record record))
        {
            Assert.Equal(1500, record.TimestampMs);
        }
    }

    [Fact]
    public void Both_forms_of_append_write_the_same_bytes()
    {
        using var spans = new RecordBatchBuilder(new RecordBatchBuilderOptions());
        using var memories = new RecordBatchBuilder(new RecordBatchBuilderOptions());
        for (int i = 0; i < 100; i++)
        {
            byte[] key = BitConverter.GetBytes(i);
            Assert.True(spans.TryAppend(1000 + i, key, key));
            Assert.True(memories.TryAppend(1000 + i, (ReadOnlyMemory<byte>?)key, key));
        }

        Assert.Equal(spans.Build().ToArray(), memories.Build().ToArray());
    }

    [Fact]
    public void Appending_allocates_nothing_per_record()
    {
        using var builder = new RecordBatchBuilder(new RecordBatchBuilderOptions { Compression = CompressionType.None });
        var value = new byte[100];
        Fill();
        builder.Reset();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Fill();
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 0);

        void Fill()
        {
            for (int i = 0; i < 1000; i++)
            {
                builder.TryAppend(i, "key"u8, value);
            }
        }
    }

    private static ReadOnlyMemory<byte>? Memory(byte[]? bytes) => bytes is null ? default(ReadOnlyMemory<byte>?) : new ReadOnlyMemory<byte>(bytes);
}
