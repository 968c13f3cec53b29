using LogQueue.EngineBench.Rigs;
using LogQueue.Storage.Files;
using LogQueue.Storage.Indexes;
using LogQueue.Storage.Segments;

namespace LogQueue.EngineBench.Scenarios;

/// <summary>What a read-only map brings over pread: for a look-up in an index, and for reading the hot tail of a log.</summary>
internal sealed class MapScenario : Scenario
{
    private const int Calls = 200_000;
    private const int Entries = 262_144;
    private const int TailBytes = 64 << 10;
    private const int SegmentBytes = 4 << 20;
    private readonly string _path;
    private readonly OffsetIndex? _index;
    private readonly IStorageFile _file;
    private readonly LogSegment? _segment;
    private readonly byte[] _page = new byte[4096];
    private readonly int _chunkBytes;

    public MapScenario(BenchFolder folder, bool isIndex, int chunkBytes = 4096)
    {
        _chunkBytes = chunkBytes;
        _path = folder.Fresh(isIndex ? "index" : "tail");
        DiskStorageDevice device = DiskStorageDevice.Create();
        if (isIndex)
        {
            _index = new OffsetIndex(device, _path, 0, new LeaseBudget(16), new LeaseBudget(16));
            for (int i = 1; i <= Entries; i++)
            {
                _index.Append(i * 40L, i * 4096);
            }

            _index.Flush(sync: false);
            Goal = new Goal("MAP-INDEX", "look-up in a full offset index", "ns per look-up", GoalKind.None, 1,
                "OffsetIndex.FindPosition, mapped under a lease", "binary search by pread of 4 KiB pages");
        }
        else
        {
            device.CreateDirectory(_path);
            _segment = LogSegment.Create(device, _path, 0, new LeaseBudget(16), new LeaseBudget(16), 0);
            _segment.Log.TryAcquire();
            byte[] written = new byte[SegmentBytes];
            _segment.Write(written, SegmentBytes, SegmentBytes, SegmentBytes);
            _segment.Publish(1, written.Length);
            for (int i = 0; i <= TailMap.ReadsPerMove; i++)
            {
                _segment.Read(SegmentBytes - TailMap.WindowBytes, _page);
            }

            Goal = new Goal($"MAP-TAIL-{chunkBytes}", $"copy of {chunkBytes} B of the hot tail", "ns per read", GoalKind.None, 1,
                "LogSegment.Read through its window, under a lease", "pread");
        }

        _file = device.Open(_segment?.Log.Path ?? _path, StorageOpenMode.Read);
    }

    public override Goal Goal { get; }

    public override double? RunControl()
    {
        Span<byte> chunk = new byte[TailBytes].AsSpan(0, Math.Min(TailBytes, _chunkBytes));
        long sum = 0;
        Stopwatches clock = Stopwatches.Start();
        for (int i = 0; i < Calls; i++)
        {
            sum += _index is not null ? FindByPages(OffsetOf(i)) : _file.Read(PositionOf(i), chunk);
        }

        GC.KeepAlive(sum);
        return clock.CpuSeconds * 1e9 / Calls;
    }

    public override double RunSubject()
    {
        Span<byte> chunk = new byte[TailBytes].AsSpan(0, Math.Min(TailBytes, _chunkBytes));
        long sum = 0;
        Stopwatches clock = Stopwatches.Start();
        for (int i = 0; i < Calls; i++)
        {
            if (_index is not null)
            {
                sum += _index.FindPosition(OffsetOf(i));
            }
            else
            {
                sum += _segment!.Read(PositionOf(i), chunk);
            }
        }

        GC.KeepAlive(sum);
        return clock.CpuSeconds * 1e9 / Calls;
    }

    public override void Dispose()
    {
        _segment?.Log.Release();
        _segment?.Close();
        _index?.Dispose();
        _file.Dispose();
        BenchFolder.Remove(_path);
        base.Dispose();
    }

    private static long OffsetOf(int i) => (i * 7_654_321L) % (Entries * 40L);

    private int PositionOf(int i) =>
        SegmentBytes - TailMap.WindowBytes + (int)(i * 7_654_321L % (TailMap.WindowBytes - _chunkBytes));

    /// <summary>Which page by its first entry, then the page: a binary search without a map.</summary>
    private int FindByPages(long offset)
    {
        int low = 0;
        int high = Entries * 8 / _page.Length - 1;
        while (low < high)
        {
            int middle = (low + high + 1) >>> 1;
            _file.Read((long)middle * _page.Length, _page.AsSpan(0, 8));
            (low, high) = System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(_page) <= offset ? (middle, high) : (low, middle - 1);
        }

        return _file.Read((long)low * _page.Length, _page);
    }
}
