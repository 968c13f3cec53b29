using LogQueue.Engine.Partitions;
using LogQueue.Records;
using LogQueue.Storage;

namespace LogQueue.Engine.Tests.Engine.Partitions;

/// <summary>Ready batches in a topic whose <c>compression.type</c> names a codec.</summary>
public sealed class RecompressedAppendTests : EngineTest
{
    [Theory]
    [InlineData("lz4", CompressionType.Lz4)]
    [InlineData("zstd", CompressionType.Zstd)]
    [InlineData("gzip", CompressionType.Gzip)]
    [InlineData("snappy", CompressionType.Snappy)]
    [InlineData("uncompressed", CompressionType.None)]
    public async Task Ready_batches_are_kept_in_the_codec_of_the_topic(string setting, CompressionType codec)
    {
        await using LogEngine engine = await OpenAsync();
        Partition partition = await CreateAsync(engine, "t", ("compression.type", setting));
        foreach (CompressionType given in Enum.GetValues<CompressionType>())
        {
            AppendResult result = partition.Append(new Memory<byte>([.. Batch(given, "a"), .. Batch(given, "b")]));
            Assert.Equal((AppendStatus.Appended, 2L * (int)given, 2L * (int)given + 1), (result.Status, result.BaseOffset, result.LastOffset));
        }

        await partition.FlushAsync(Deadline);
        using LeasedBatches read = partition.ReadBatches(0);
        Assert.Equal(Enumerable.Repeat(codec, 10), Codecs(read.Memory.Span));
        Assert.Equal(Enumerable.Range(0, 10).Select(static i => $"{i}:{(i % 2 == 0 ? "a" : "b")}"), await ReadAllAsync(partition));
    }

    [Fact]
    public async Task The_producers_choice_is_kept_as_it_is()
    {
        await using LogEngine engine = await OpenAsync();
        Partition partition = await CreateAsync(engine);
        byte[] batch = Batch(CompressionType.Gzip, "a");
        partition.Append(batch);
        await partition.FlushAsync(Deadline);
        using LeasedBatches read = partition.ReadBatches(0);
        Assert.Equal(batch, read.Memory.ToArray());
    }

    [Fact]
    public async Task What_is_wrong_is_refused_as_without_it()
    {
        await using LogEngine engine = await OpenAsync();
        Partition partition = await CreateAsync(engine, "t", ("compression.type", "lz4"), ("max.message.bytes", "5000"));
        byte[] wrong = Batch(CompressionType.None, "a");
        wrong[^1] ^= 1;
        Assert.Equal(AppendStatus.CorruptBatch, partition.Append(wrong).Status);
        Assert.Equal(AppendStatus.CorruptBatch, partition.Append(Batch(CompressionType.None, "a").AsMemory()[..^1]).Status);
        Assert.Equal(AppendStatus.TooLarge, partition.Append(Batch(CompressionType.None, new string('x', 6000))).Status);
        byte[] noGzip = Batch(CompressionType.None, "a");
        noGzip[RecordBatchLayout.AttributesPosition + 1] |= (byte)CompressionType.Gzip;
        RecordBatchStamp.WriteCrc(noGzip);
        AppendResult refused = partition.Append(noGzip);
        Assert.Equal(AppendStatus.CorruptBatch, refused.Status);
        Assert.Contains("refused", refused.Detail, StringComparison.Ordinal);
        Assert.Equal(0, partition.LogEndOffset);
    }

    [Fact]
    public async Task A_batch_that_grows_over_the_limit_is_too_large()
    {
        await using LogEngine engine = await OpenAsync();
        Partition partition = await CreateAsync(engine, "t", ("compression.type", "uncompressed"), ("max.message.bytes", "5000"));
        Assert.Equal(AppendStatus.TooLarge, partition.Append(Batch(CompressionType.Gzip, new string('x', 6000))).Status);
    }

    [Fact]
    public async Task A_batch_that_is_sent_again_is_known()
    {
        await using LogEngine engine = await OpenAsync();
        Partition partition = await CreateAsync(engine, "t", ("compression.type", "zstd"));
        Assert.Equal(AppendStatus.Appended, partition.Append(Batch(CompressionType.None, "a", producerId: 7)).Status);
        AppendResult again = partition.Append(Batch(CompressionType.None, "a", producerId: 7));
        Assert.Equal((AppendStatus.Duplicate, 0L), (again.Status, again.BaseOffset));
    }

    private static byte[] Batch(CompressionType codec, string value, long producerId = -1)
    {
        using var builder = new RecordBatchBuilder(new RecordBatchBuilderOptions
        {
            Compression = codec, ProducerId = producerId, ProducerEpoch = (short)(producerId < 0 ? -1 : 0),
            BaseSequence = producerId < 0 ? -1 : 0, MaxBatchBytes = 1 << 20,
        });
        Assert.True(builder.TryAppend(1_000, default(ReadOnlyMemory<byte>?), Text(value)));
        return builder.Build().ToArray();
    }

    private static List<CompressionType> Codecs(ReadOnlySpan<byte> batches)
    {
        var codecs = new List<CompressionType>();
        var walk = new RecordBatchEnumerator(batches);
        while (walk.MoveNext())
        {
            codecs.Add(walk.Current.Compression);
        }

        return codecs;
    }
}
