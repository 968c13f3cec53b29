using CsCheck;
using LogQueue.Records;
using Record = LogQueue.Records.Record;

namespace LogQueue.Engine.Tests.Records;

/// <summary>A record read where it lies is the record read into memory of its own, for good and for broken bytes.</summary>
public sealed class RecordBatchReaderTests
{
    private static readonly Gen<byte[]?> MaybeBytes = Gen.Frequency((1, Gen.Const((byte[]?)null)), (4, Gen.Byte.Array[0, 40].Select(static b => (byte[]?)b)));

    private static readonly Gen<RecordHeader[]> Headers = Gen.Select(Gen.String[Gen.Char.AlphaNumeric, 0, 9], MaybeBytes)
        .Select(static (name, value) => new RecordHeader(name, Memory(value))).Array[0, 3];

    private static readonly Gen<(CompressionType Codec, (byte[]? Key, byte[]? Value, RecordHeader[] Headers)[] Records)> Batches =
        Gen.Select(Gen.Int[0, 4], Gen.Select(MaybeBytes, MaybeBytes, Headers).Array[1, 12]).Select(static (codec, records) => ((CompressionType)codec, records));

    [Fact]
    public void A_view_says_what_the_record_says_and_one_reader_serves_batch_after_batch() => Batches.Array[1, 5].Sample(
        batches =>
        {
            using var reused = new RecordBatchReader();
            foreach ((CompressionType codec, (byte[]? Key, byte[]? Value, RecordHeader[] Headers)[] records) in batches)
            {
                byte[] batch = Build(codec, records);
                reused.Reset(batch);
                using RecordBatchReader fresh = RecordBatchReader.Open(batch);
                int count = 0;
                while (reused.TryReadView(out RecordView view))
                {
                    Assert.True(fresh.TryRead(out Record record));
                    Same(record, view.ToRecord());
                    Assert.Equal(records[count].Key is null, view.IsKeyNull);
                    Assert.Equal(records[count].Value is null, view.IsValueNull);
                    Assert.True(view.Key.SequenceEqual(records[count].Key));
                    Assert.True(view.Value.SequenceEqual(records[count].Value));
                    Assert.Equal(records[count].Headers.Length, view.Headers.Count);
                    count++;
                }

                Assert.Equal(records.Length, count);
                Assert.False(fresh.TryRead(out _));
            }
        },
        iter: 500);

    [Fact]
    public void Broken_bytes_are_refused_by_both_ways_of_reading_alike() => Gen.Select(Batches, Gen.Int[0, 4000], Gen.Byte).Sample(
        (good, at, value) =>
        {
            byte[] batch = Build(CompressionType.None, good.Records);
            int position = RecordBatchLayout.HeaderBytes + (at % (batch.Length - RecordBatchLayout.HeaderBytes));
            batch[position] = value;
            Assert.Equal(Outcome(batch, views: false), Outcome(batch, views: true));
        },
        iter: 3000);

    [Fact]
    public void After_a_bad_batch_the_reader_has_nothing_and_can_be_reset()
    {
        byte[] good = Build(CompressionType.Lz4, [(null, [1, 2, 3], [])]);
        byte[] bad = [.. good];
        bad[RecordBatchLayout.HeaderBytes] ^= 0xFF; // the magic number of the LZ4 frame
        using var reader = new RecordBatchReader();
        Assert.Throws<CorruptRecordException>(() => reader.Reset(bad));
        Assert.False(reader.TryReadView(out _));

        reader.Reset(good);
        Assert.True(reader.TryReadView(out RecordView record));
        Assert.Equal([1, 2, 3], record.Value.ToArray());
    }

    [Fact]
    public void Numbers_that_do_not_end_are_refused_where_they_stand()
    {
        byte[] batch = Build(CompressionType.None, [(null, new byte[20], [])]);
        batch.AsSpan(RecordBatchLayout.HeaderBytes + 2, 11).Fill(0xFF); // the timestamp: 64 bits take ten bytes at most
        using RecordBatchReader reader = RecordBatchReader.Open(batch);
        Assert.Contains("byte 2 of its records: not a varint", Assert.Throws<CorruptRecordException>(() => reader.TryRead(out _)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_header_without_a_key_is_refused_by_both_ways_of_reading()
    {
        byte[] batch = Build(CompressionType.None, [(null, null, [new RecordHeader("h", null)])]);
        Assert.Equal([2, (byte)'h', 1], batch[^3..]);
        batch[^3] = 1; // no key
        batch[^2] = 1; // no value; then a byte that nobody announced
        using RecordBatchReader reader = RecordBatchReader.Open(batch);
        Assert.Contains("a header without key", Assert.Throws<CorruptRecordException>(() => reader.TryRead(out _)).Message, StringComparison.Ordinal);
        reader.Reset(batch);
        Assert.Contains("a header without key", Assert.Throws<CorruptRecordException>(() => reader.TryReadView(out _)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_bomb_that_passes_the_limit_at_the_end_of_a_block_is_refused()
    {
        const int LimitBytes = 128 << 10; // two blocks of a frame of LZ4
        var limits = new RecordDecodeLimits { MaxDecompressedBytes = LimitBytes };
        foreach (CompressionType codec in (CompressionType[])[CompressionType.Gzip, CompressionType.Snappy, CompressionType.Lz4, CompressionType.Zstd])
        {
            byte[] bomb = Build(codec, [(null, new byte[LimitBytes + (64 << 10)], [])]);
            Assert.Contains("131072 bytes", Assert.Throws<CorruptRecordException>(() => RecordBatchReader.Open(bomb, limits)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Nothing_is_allocated_for_a_batch_or_a_record()
    {
        byte[] batch = Build(CompressionType.Lz4, [.. Enumerable.Range(0, 100).Select(static i =>
            ((byte[]?)[(byte)i], (byte[]?)new byte[50], new RecordHeader[] { new("unit", new byte[] { 1 }), new("none", null) }))]);
        using var reader = new RecordBatchReader();
        long bytes = Walk(reader, batch, rounds: 200); // warm: the buffer has its size, the methods are compiled
        long allocated = long.MaxValue;
        for (int i = 0; i < 5; i++) // the least: other tests use the buffer pool, too
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            Assert.Equal(bytes, Walk(reader, batch, rounds: 200));
            allocated = Math.Min(allocated, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.True(allocated < 20_000, $"{allocated} bytes were allocated for 20,000 records");
    }

    private static long Walk(RecordBatchReader reader, byte[] batch, int rounds)
    {
        long bytes = 0;
        for (int i = 0; i < rounds; i++)
        {
            reader.Reset(batch);
            while (reader.TryReadView(out RecordView record))
            {
                bytes += record.Key.Length + record.Value.Length;
                foreach (RecordHeaderView header in record.Headers)
                {
                    bytes += header.KeyUtf8.Length + header.Value.Length + (header.IsValueNull ? 1 : 0);
                }
            }
        }

        return bytes;
    }

    private static string Outcome(byte[] batch, bool views)
    {
        var seen = new List<string>();
        try
        {
            using RecordBatchReader reader = RecordBatchReader.Open(batch);
            while (true)
            {
                Record record;
                if (views)
                {
                    bool read = reader.TryReadView(out RecordView view);
                    if (!read)
                    {
                        break;
                    }

                    record = view.ToRecord();
                }
                else if (!reader.TryRead(out record))
                {
                    break;
                }

                seen.Add(Text(record));
            }
        }
        catch (CorruptRecordException e)
        {
            seen.Add(e.Message);
        }

        return string.Join('\n', seen);
    }

    private static byte[] Build(CompressionType codec, (byte[]? Key, byte[]? Value, RecordHeader[] Headers)[] records)
    {
        using var builder = new RecordBatchBuilder(new RecordBatchBuilderOptions { Compression = codec });
        long time = 1000;
        foreach ((byte[]? key, byte[]? value, RecordHeader[] headers) in records)
        {
            builder.TryAppend(time += 7, Memory(key), Memory(value), headers);
        }

        return builder.Build().ToArray();
    }

    private static ReadOnlyMemory<byte>? Memory(byte[]? bytes) => bytes is null ? default(ReadOnlyMemory<byte>?) : bytes;

    private static void Same(Record expected, Record actual) => Assert.Equal(Text(expected), Text(actual));

    private static string Text(Record record) =>
        $"{record.Offset} {record.TimestampMs} {Hex(record.Key)} {Hex(record.Value)} {string.Join(',', record.Headers.Select(static h => $"{h.Key}={Hex(h.Value)}"))}";

    private static string Hex(ReadOnlyMemory<byte>? bytes) => bytes is { } b ? $"[{Convert.ToHexString(b.Span)}]" : "null";
}
