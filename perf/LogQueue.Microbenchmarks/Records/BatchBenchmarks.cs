using BenchmarkDotNet.Attributes;
using LogQueue.Records;

namespace LogQueue.Microbenchmarks.Records;

/// <summary>Encoding and decoding batches of 64 KiB; time and allocation are of a whole batch.</summary>
[MemoryDiagnoser]
public class BatchBenchmarks
{
    private const int BatchBytes = 64 * 1024;
    private readonly byte[] _values = new byte[1 << 20];
    private RecordBatchBuilder _builder = new(new RecordBatchBuilderOptions());
    private byte[] _batch = [];

    /// <summary>Bytes of a value.</summary>
    [Params(100, 1024)]
    public int ValueBytes { get; set; }

    /// <summary>Codec of the batch.</summary>
    [Params(CompressionType.None, CompressionType.Lz4, CompressionType.Zstd)]
    public CompressionType Compression { get; set; }

    /// <summary>Makes values like a sensor's JSON and one finished batch.</summary>
    [GlobalSetup]
    public void Fill()
    {
        var random = new Random(1);
        int at = 0;
        while (at < _values.Length - 128)
        {
            at += System.Text.Encoding.ASCII.GetBytes(
                $"{{\"sensor\":\"pump-{random.Next(200):D3}\",\"temperature\":{20 + (random.NextDouble() * 60):0.000},\"rpm\":{random.Next(2000)}}}", _values.AsSpan(at));
        }

        _builder = new RecordBatchBuilder(new RecordBatchBuilderOptions { Compression = Compression, MaxBatchBytes = BatchBytes });
        _batch = Encode().ToArray();
    }

    /// <summary>Records into a batch: encode, compress, checksum.</summary>
    [Benchmark]
    public Memory<byte> Encode()
    {
        _builder.Reset();
        for (int at = 0; _builder.TryAppend(1_700_000_000_000 + at, "pump-007"u8, _values.AsSpan(at % (_values.Length - ValueBytes), ValueBytes)); at += ValueBytes)
        {
        }

        return _builder.Build();
    }

    /// <summary>Header and checksum, as the broker validates.</summary>
    [Benchmark]
    public BatchVerdict Validate() => RecordBatchValidator.ValidateFromProducer(_batch, int.MaxValue);

    /// <summary>A batch into its records.</summary>
    [Benchmark]
    public long Decode()
    {
        using RecordBatchReader reader = RecordBatchReader.Open(_batch);
        long bytes = 0;
        while (reader.TryRead(out Record record))
        {
            bytes += record.Value!.Value.Length;
        }

        return bytes;
    }
}
