using BenchmarkDotNet.Attributes;
using LogQueue.Records;
using LogQueue.Storage;
using LogQueue.Storage.Files;
using LogQueue.Storage.Maintenance;
using LogQueue.Storage.Partitions;

namespace LogQueue.Microbenchmarks.Storage;

/// <summary>
/// Appending ready batches to a log on the real disk (page cache; syncs run beside), against a bare pwrite with a checksum.
/// </summary>
[MemoryDiagnoser]
public class AppendBenchmarks
{
    private const long ResetBytes = 512L << 20;

    private string _root = "";
    private CommitLoop _loop = null!;
    private PartitionLogContext _context = null!;
    private PartitionLog _log = null!;
    private IStorageFile _bare = null!;
    private byte[] _batch = [];
    private long _barePosition;
    private long _appended;
    private int _generation;

    /// <summary>Batch size.</summary>
    [Params(1 << 10, 16 << 10, 64 << 10, 1 << 20)]
    public int BatchBytes { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _root = Directory.CreateTempSubdirectory("lq-append-").FullName;
        var fence = new DirectoryFence();
        _loop = new CommitLoop(new CommitLoopOptions { FlushBytes = 1 << 30 }, TimeProvider.System, fence);
        _loop.Start();
        _context = new PartitionLogContext
        {
            Device = DiskStorageDevice.Create(),
            TimeProvider = TimeProvider.System,
            Fence = fence,
            CommitLog = _loop,
            PublishDurableOnly = false,
        };
        _batch = Build(BatchBytes);
        OpenFresh();
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _loop.Dispose();
        _log.Dispose();
        _bare.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    [Benchmark(Baseline = true)]
    public uint PwriteAndChecksum()
    {
        if (_barePosition + _batch.Length > ResetBytes)
        {
            OpenFresh();
        }

        uint crc = LogQueue.Records.Checksums.Crc32C.Compute(_batch.AsSpan(21));
        _bare.Write(_barePosition, _batch);
        _barePosition += _batch.Length;
        return crc;
    }

    [Benchmark]
    public long Append()
    {
        if (_appended + _batch.Length > ResetBytes)
        {
            OpenFresh();
        }

        _batch.AsSpan(0, 8).Clear(); // a producer's base offset is 0
        AppendResult result = _log.Append(_batch, AppendOrigin.Client);
        _appended += _batch.Length;
        return result.Status == AppendStatus.Appended ? result.LastOffset : throw new InvalidOperationException(result.ToString());
    }

    private static byte[] Build(int bytes)
    {
        using var builder = new RecordBatchBuilder(new RecordBatchBuilderOptions { Compression = CompressionType.None, MaxBatchBytes =
            bytes });
        byte[] value = new byte[100];
        while (builder.TryAppend(1000, [], value))
        {
        }

        return builder.Build().ToArray();
    }

    private void OpenFresh()
    {
        _log?.Delete();
        _bare?.Dispose();
        _generation++;
        _log = PartitionLog.Open(_context, Path.Combine(_root, $"t-{_generation}"), new TopicPartition("t", 0),
            new LogOptions { MaxMessageBytes = 2 << 20 }, cleanShutdown: false);
        string bare = Path.Combine(_root, "bare");
        _context.Device.DeleteIfExists(bare);
        _bare = _context.Device.Open(bare, StorageOpenMode.CreateNew);
        _bare.Allocate(ResetBytes);
        _barePosition = 0;
        _appended = 0;
    }
}
