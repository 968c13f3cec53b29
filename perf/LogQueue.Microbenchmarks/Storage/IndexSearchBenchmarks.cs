using BenchmarkDotNet.Attributes;
using LogQueue.Storage.Files;
using LogQueue.Storage.Indexes;

namespace LogQueue.Microbenchmarks.Storage;

/// <summary>Looking an offset up in an index of a full segment: through the map, against reading the same bytes with pread.</summary>
[MemoryDiagnoser]
public class IndexSearchBenchmarks
{
    private const int Entries = 262_144;

    private readonly byte[] _page = new byte[4096];
    private string _root = "";
    private OffsetIndex _index = null!;
    private IStorageFile _file = null!;
    private int _next;

    [GlobalSetup]
    public void Setup()
    {
        _root = Directory.CreateTempSubdirectory("lq-index-").FullName;
        DiskStorageDevice device = DiskStorageDevice.Create();
        string path = Path.Combine(_root, "00000000000000000000.index");
        _index = new OffsetIndex(device, path, 0, new LeaseBudget(16), new LeaseBudget(16));
        for (int i = 1; i <= Entries; i++)
        {
            _index.Append(i * 40L, i * 4096);
        }

        _index.Flush(sync: false);
        _file = device.Open(path, StorageOpenMode.Read);
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _index.Dispose();
        _file.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    [Benchmark(Baseline = true)]
    public int FindPosition()
    {
        _next = (_next + 7_654_321) % (Entries * 40);
        return _index.FindPosition(_next);
    }

    [Benchmark]
    public int ReadOnePage()
    {
        _next = (_next + 7_654_321) % (Entries * 40);
        return _file.Read(_next / 40 * 8 / 4096 * 4096, _page);
    }
}
