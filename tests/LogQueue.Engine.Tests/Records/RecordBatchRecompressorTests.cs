using CsCheck;
using LogQueue.Records;
using LogQueue.Wire.Memory;

namespace LogQueue.Engine.Tests.Records;

public sealed class RecordBatchRecompressorTests
{
    private static readonly Gen<CompressionType> Codec = Gen.OneOfConst(Enum.GetValues<CompressionType>());

    [Fact]
    public void Batches_of_any_codec_become_batches_of_the_one_that_is_wanted() =>
        Gen.Select(Gen.Select(Codec, Gen.Byte.Array[0, 300].Array[1, 5]).Array[1, 4], Codec).Sample(
            static (given, wanted) =>
            {
                byte[][] batches = [.. given.Select(static (g, i) => Build(g.Item1, i * 100, g.Item2))];
                byte[] joined = [.. batches.SelectMany(static b => b)];
                using var output = new PooledBufferWriter();
                RecordBatchRecompressor.Write(joined, wanted, level: null, 1 << 20, output);

                Assert.Equal(given.All(g => g.Item1 == wanted), RecordBatchRecompressor.IsDone(joined, wanted));
                Assert.True(RecordBatchRecompressor.IsDone(output.WrittenSpan, wanted));
                var walk = new RecordBatchEnumerator(output.WrittenSpan);
                foreach (byte[] batch in batches)
                {
                    Assert.True(walk.MoveNext());
                    RecordBatchView after = walk.Current;
                    var before = new RecordBatchView(batch);
                    Assert.Equal(BatchVerdict.Valid, RecordBatchValidator.ValidateHeaderAndChecksum(after.Bytes, int.MaxValue));
                    Assert.Equal(wanted, after.Compression);
                    Assert.Equal(Rest(before), Rest(after));
                    Assert.Equal(Values(batch), Values(after.Bytes.ToArray()));
                    if (before.Compression == wanted)
                    {
                        Assert.Equal(batch, after.Bytes.ToArray());
                    }
                }

                Assert.False(walk.MoveNext());
                Assert.Equal(output.WrittenCount, walk.ConsumedBytes);
            },
            iter: 60);

    [Fact]
    public void A_level_is_used()
    {
        byte[] text = [.. Enumerable.Range(0, 20_000).Select(static i => (byte)((i * i / 7 % 40) + (i % 23)))];
        byte[] batch = Build(CompressionType.None, 0, [text]);
        Assert.NotEqual(SizeAt(-100), SizeAt(19));

        int SizeAt(int level)
        {
            using var output = new PooledBufferWriter();
            RecordBatchRecompressor.Write(batch, CompressionType.Zstd, level, 1 << 20, output);
            return output.WrittenCount;
        }
    }

    [Fact]
    public void Records_over_the_limit_or_of_another_format_are_refused()
    {
        using var output = new PooledBufferWriter();
        byte[] bomb = Build(CompressionType.Gzip, 0, [new byte[100_000]]);
        Assert.Throws<CorruptRecordException>(() => RecordBatchRecompressor.Write(bomb, CompressionType.Lz4, null, 50_000, output));
        byte[] plain = Build(CompressionType.None, 0, [new byte[100]]);
        plain[RecordBatchLayout.AttributesPosition + 1] |= (byte)CompressionType.Zstd;
        RecordBatchStamp.WriteCrc(plain);
        Assert.Throws<CorruptRecordException>(() => RecordBatchRecompressor.Write(plain, CompressionType.Lz4, null, 50_000, output));
    }

    /// <summary>All of the header but length, checksum and codec.</summary>
    private static (long, int, long, long, long, short, int, int, int) Rest(in RecordBatchView b) =>
        (b.BaseOffset, b.Attributes & ~RecordBatchLayout.CompressionMask, b.BaseTimestamp, b.MaxTimestamp, b.ProducerId, b.ProducerEpoch,
            b.BaseSequence, b.RecordCount, b.LastOffsetDelta);

    private static List<byte[]> Values(byte[] batch)
    {
        var values = new List<byte[]>();
        using RecordBatchReader reader = RecordBatchReader.Open(batch);
        while (reader.TryRead(out LogQueue.Records.Record record))
        {
            values.Add([.. record.Value!.Value.ToArray(), (byte)record.TimestampMs]);
        }

        return values;
    }

    private static byte[] Build(CompressionType codec, long baseOffset, byte[][] values)
    {
        using var builder = new RecordBatchBuilder(new RecordBatchBuilderOptions
        {
            Compression = codec, BaseOffset = baseOffset, ProducerId = 5, ProducerEpoch = 1, BaseSequence = 9, IsTransactional = true,
        });
        foreach (byte[] value in values)
        {
            Assert.True(builder.TryAppend(1_000 + value.Length, "k"u8, value));
        }

        return builder.Build().ToArray();
    }
}
