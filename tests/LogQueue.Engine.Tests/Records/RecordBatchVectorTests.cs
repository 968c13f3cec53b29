using System.IO.Compression;
using System.Text.Json;
using LogQueue.Records;

namespace LogQueue.Engine.Tests.Records;

/// <summary>Batches that Kafka's own classes wrote, in every codec, judge the reader.</summary>
public sealed class RecordBatchVectorTests
{
    private static readonly Dictionary<string, JsonElement> Vectors = Load();

    public static TheoryData<string> Names => [.. Vectors.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_batch_of_Kafka_reads_as_it_says(string name)
    {
        JsonElement vector = Vectors[name];
        byte[] bytes = Bytes(vector);
        var view = new RecordBatchView(bytes);

        Assert.Equal(bytes.Length, view.SizeBytes);
        Assert.Equal(vector.GetProperty("baseOffset").GetInt64(), view.BaseOffset);
        Assert.Equal(vector.GetProperty("lastOffset").GetInt64(), view.LastOffset);
        Assert.Equal(vector.GetProperty("leaderEpoch").GetInt32(), view.PartitionLeaderEpoch);
        Assert.Equal(vector.GetProperty("crc").GetInt64(), view.Crc);
        Assert.Equal(vector.GetProperty("compression").GetString(), view.Compression.ToString().ToLowerInvariant());
        Assert.Equal(vector.GetProperty("timestampType").GetString(), view.TimestampType.ToString(), ignoreCase: true);
        Assert.Equal(vector.GetProperty("maxTimestamp").GetInt64(), view.MaxTimestamp);
        Assert.Equal(vector.GetProperty("producerId").GetInt64(), view.ProducerId);
        Assert.Equal(vector.GetProperty("producerEpoch").GetInt16(), view.ProducerEpoch);
        Assert.Equal(vector.GetProperty("baseSequence").GetInt32(), view.BaseSequence);
        Assert.Equal(vector.GetProperty("transactional").GetBoolean(), view.IsTransactional);
        Assert.Equal(vector.GetProperty("control").GetBoolean(), view.IsControl);
        Assert.True(view.IsChecksumValid);
        Assert.Equal(BatchVerdict.Valid, RecordBatchValidator.ValidateHeaderAndChecksum(bytes, int.MaxValue));

        using RecordBatchReader reader = RecordBatchReader.Open(bytes);
        foreach (JsonElement expected in vector.GetProperty("records").EnumerateArray())
        {
            Assert.True(reader.TryRead(out LogQueue.Records.Record record));
            Assert.Equal(expected.GetProperty("offset").GetInt64(), record.Offset);
            Assert.Equal(expected.GetProperty("timestamp").GetInt64(), record.TimestampMs);
            Assert.Equal(expected.GetProperty("key").GetString(), Hex(record.Key));
            Assert.Equal(expected.GetProperty("value").GetString(), Hex(record.Value));
            Assert.Equal(
                expected.GetProperty("headers").EnumerateArray().Select(static h => (h[0].GetString()!, h[1].GetString())),
                record.Headers.Select(h => (h.Key, Hex(h.Value))));
        }

        Assert.False(reader.TryRead(out _));
    }

    [Fact]
    public void Every_flipped_bit_that_the_checksum_covers_is_found()
    {
        foreach (JsonElement vector in Vectors.Values.Where(static v => v.GetProperty("hex").GetString()!.Length < 4000))
        {
            byte[] bytes = Bytes(vector);
            for (int bit = RecordBatchLayout.CrcPosition * 8; bit < bytes.Length * 8; bit++)
            {
                bytes[bit / 8] ^= (byte)(1 << (bit % 8));
                Assert.NotEqual(BatchVerdict.Valid, RecordBatchValidator.ValidateHeaderAndChecksum(bytes, int.MaxValue));
                bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            }
        }
    }

    [Fact]
    public void Mutated_batches_are_read_or_refused_but_nothing_else()
    {
        var random = new Random(7);
        foreach (JsonElement vector in Vectors.Values)
        {
            byte[] original = Bytes(vector);
            for (int i = 0; i < 60; i++)
            {
                byte[] bytes = [.. original];
                for (int n = random.Next(1, 6); n > 0; n--)
                {
                    bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
                }

                AssertReadsOrRefuses(bytes.AsMemory(0, random.Next(4) == 0 ? random.Next(bytes.Length) : bytes.Length));
            }
        }
    }

    private static void AssertReadsOrRefuses(ReadOnlyMemory<byte> bytes)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            using RecordBatchReader reader = RecordBatchReader.Open(bytes, new RecordDecodeLimits { MaxDecompressedBytes = 1 << 20 });
            while (reader.TryRead(out _))
            {
            }
        }
        catch (CorruptRecordException)
        {
            // One of the two allowed outcomes.
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 32 << 20);
    }

    private static byte[] Bytes(JsonElement vector) => Convert.FromHexString(vector.GetProperty("hex").GetString()!);

    private static string? Hex(ReadOnlyMemory<byte>? bytes) => bytes is { } b ? Convert.ToHexStringLower(b.Span) : null;

    private static Dictionary<string, JsonElement> Load()
    {
        using FileStream file = File.OpenRead(Path.Combine(AppContext.BaseDirectory, "TestData", "record-batches.ndjson.gz"));
        using var gzip = new GZipStream(file, CompressionMode.Decompress);
        using var reader = new StreamReader(gzip);
        var vectors = new Dictionary<string, JsonElement>();
        while (reader.ReadLine() is { } line)
        {
            JsonElement json = JsonDocument.Parse(line).RootElement;
            vectors.Add($"{vectors.Count}-{json.GetProperty("name").GetString()}", json);
        }

        return vectors;
    }
}
