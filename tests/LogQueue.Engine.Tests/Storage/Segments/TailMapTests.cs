using LogQueue.Engine.Tests.Storage.Files;
using LogQueue.Storage;
using LogQueue.Storage.Files;
using LogQueue.Storage.Segments;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Segments;

public sealed class TailMapTests : IDisposable
{
    private const int BatchBytes = 1000;
    private readonly SimulatedStorageDevice _device = LogFileRig.NewDevice();
    private readonly LeaseBudget _budget = new(4);
    private readonly string _root = System.IO.Directory.CreateTempSubdirectory("lq-tail-").FullName;
    private LogSegment? _segment;
    private StorageError? _mapFault;
    private int _maps;

    public void Dispose()
    {
        if (_segment is not null)
        {
            _segment.Log.Release();
            _segment.Close();
        }

        System.IO.Directory.Delete(_root, recursive: true);
    }

    [Fact]
    public void Reads_of_what_was_just_written_need_no_call_once_they_pay_for_a_window()
    {
        TailMap map = New(100);
        Assert.False(map.TryRead(99 * BatchBytes, new byte[10]));
        Warm(map);
        Assert.Equal((1, 1), (_maps, _budget.OpenCount));
        Append(1);
        ReadsRight(map, 100 * BatchBytes, BatchBytes); // written later, seen through the same window
        Assert.Equal(1, _maps);
    }

    [Fact]
    public void It_holds_published_bytes_of_the_end_only_and_small_reads()
    {
        TailMap map = New(600);
        Warm(map);
        long size = _segment!.SizeBytes;
        Assert.False(map.TryRead(size - 10, new byte[11]));
        Assert.False(map.TryRead(size - (100 << 10), new byte[TailMap.MostReadBytes + 1]));
        for (int i = 0; i < 2 * TailMap.ReadsPerMove; i++)
        {
            Assert.False(map.TryRead(size - TailMap.WindowBytes - 1, new byte[10])); // cold: the window does not go there
        }

        ReadsRight(map, size - 500, 500);
        Assert.Equal(1, _maps);
    }

    [Fact]
    public void The_window_follows_reads_that_pay_for_it()
    {
        TailMap map = New(100);
        Warm(map);
        for (int moves = 2; moves < 5; moves++)
        {
            Append(300);
            for (int i = 0; i < TailMap.ReadsPerMove && !map.TryRead(_segment!.SizeBytes - 10, new byte[10]); i++)
            {
                Assert.True(_maps == moves - 1, "It moves for reads that do not pay for it.");
            }

            ReadsRight(map, _segment!.SizeBytes - BatchBytes, BatchBytes);
            Assert.Equal((moves, 1), (_maps, _budget.OpenCount));
        }
    }

    [Fact]
    public void Where_pages_may_not_be_locked_reads_go_to_the_file()
    {
        TailMap map = New(100);
        _mapFault = StorageError.OutOfMemory;
        for (int i = 0; i < 3 * TailMap.ReadsPerMove; i++)
        {
            Assert.False(map.TryRead(99 * BatchBytes, new byte[10]));
        }

        Assert.Equal((1, 0, 0), (_maps, _budget.Most, _budget.OpenCount));
    }

    [Fact]
    public void A_disk_that_cannot_read_the_pages_is_asked_again_later()
    {
        TailMap map = New(100);
        _mapFault = StorageError.InputOutput;
        for (int i = 0; i <= TailMap.ReadsPerMove; i++)
        {
            Assert.False(map.TryRead(99 * BatchBytes, new byte[10]));
        }

        Assert.Equal((1, 4), (_maps, _budget.Most));
        _mapFault = null;
        Warm(map);
    }

    [Fact]
    public void A_window_that_had_to_make_room_must_pay_for_itself_again()
    {
        TailMap map = New(100);
        Warm(map);
        var others = new LeasedFile[8];
        for (int i = 0; i < others.Length; i++)
        {
            string path = $"/data/{i}";
            _device.Open(path, StorageOpenMode.CreateNew).Dispose();
            others[i] = new LeasedFile(_device, path, _budget);
            Assert.True(others[i].TryAcquire());
        }

        Assert.False(map.TryRead(99 * BatchBytes, new byte[10]));
        Assert.Equal(1, _maps);
        Array.ForEach(others, static f => f.Release());
        Warm(map);
        Assert.Equal(2, _maps);
        Array.ForEach(others, static f => f.Retire());
    }

    [Fact]
    public void The_file_is_shortened_while_nothing_maps_it()
    {
        LogSegment segment = Segment(100);
        byte[] read = new byte[10];
        for (int i = 0; i <= TailMap.ReadsPerMove; i++)
        {
            Assert.Equal(10, segment.Read(99 * BatchBytes, read));
        }

        Assert.Equal(1, _maps);
        _device.Fault = static o => o.Kind == "write" ? new SimulatedFault(StorageError.NoSpace, 100) : null;
        Assert.Throws<StorageException>(() => Append(1)); // cuts the file back: the simulated disk complains of a map over the end
        _device.Fault = null;
        Assert.Equal(10, segment.Read(99 * BatchBytes, read));
        segment.Trim();
        Assert.Equal(segment.SizeBytes, _device.FileLength(segment.Log.Path));
        Assert.Equal(10, segment.Read(99 * BatchBytes, read));
    }

    [Fact]
    public void A_segment_that_takes_no_more_appends_has_no_window()
    {
        TailMap map = New(100);
        Warm(map);
        _segment!.Rest();
        Assert.False(map.TryRead(99 * BatchBytes, new byte[10]));
        map.Retire();
        Assert.Equal(0, _budget.OpenCount);
    }

    [Fact]
    public async Task On_a_real_disk_no_reader_looks_at_a_file_that_is_cut()
    {
        DiskStorageDevice device = DiskStorageDevice.Create();
        LogSegment segment = LogSegment.Create(device, _root, 0, new LeaseBudget(4), new LeaseBudget(4), 0);
        Append(segment, 100);
        Assert.True(segment.Log.TryAcquire());
        using IStorageFile other = device.Open(segment.Log.Path, StorageOpenMode.ReadWrite);
        LockedPages.SkipWithout(other);
        using var stop = new CancellationTokenSource();
        long mapped = 0;
        Task[] readers = [.. Enumerable.Range(0, 3).Select(_ => Task.Run(() =>
        {
            byte[] read = new byte[BatchBytes];
            while (!stop.IsCancellationRequested)
            {
                if (segment.Tail!.TryRead(99 * BatchBytes, read))
                {
                    Interlocked.Increment(ref mapped);
                }
            }
        }))];
        for (int i = 0; i < 200; i++)
        {
            for (long wanted = Interlocked.Read(ref mapped) + 5; Interlocked.Read(ref mapped) < wanted && !readers.Any(static r => r.IsFaulted);)
            {
                await Task.Yield();
            }

            segment.WhileUnmapped(() =>
            {
                other.Truncate(0); // a look at the map would end the process now
                Thread.SpinWait(10_000);
                other.Allocate(segment.AllocatedBytes);
            });
        }

        await stop.CancelAsync();
        await Task.WhenAll(readers).WaitAsync(TimeSpan.FromSeconds(30));
        segment.Log.Release();
        segment.Close();
    }

    [Fact]
    public async Task A_window_that_moves_under_its_readers_gives_the_right_bytes_or_none()
    {
        TailMap map = New(100);
        Task[] readers = [.. Enumerable.Range(0, 3).Select(_ => Task.Run(() =>
        {
            byte[] read = new byte[BatchBytes];
            while (_segment!.NextOffset < 3_000)
            {
                long batch = (_segment.SizeBytes / BatchBytes) - 1;
                Assert.True(!map.TryRead(batch * BatchBytes, read) || !read.AsSpan().ContainsAnyExcept((byte)batch));
            }
        }))];
        while (_segment!.NextOffset < 3_000)
        {
            Append(1);
            if (_segment.NextOffset % 10 == 0)
            {
                map.Cut(static () => { }); // the window goes, as for want of room
            }
        }

        await Task.WhenAll(readers).WaitAsync(TimeSpan.FromSeconds(30));
    }

    private static void Append(LogSegment segment, int count)
    {
        for (int i = 0; i < count; i++)
        {
            byte[] batch = new byte[BatchBytes];
            batch.AsSpan().Fill((byte)segment.NextOffset);
            segment.Write(batch, 1 << 20, 1 << 20, 1 << 20);
            segment.Publish(segment.NextOffset + 1, segment.SizeBytes + BatchBytes);
        }
    }

    private void Append(int batches) => Append(_segment!, batches);

    private LogSegment Segment(int batches)
    {
        _device.Fault = o =>
        {
            if (o.Kind != "map" || !o.Path.EndsWith(".log", StringComparison.Ordinal))
            {
                return null;
            }

            _maps++;
            return _mapFault is { } error ? new SimulatedFault(error) : null;
        };
        _segment = LogSegment.Create(_device, StorageRig.Directory, 0, new LeaseBudget(4), new LeaseBudget(4), 0);
        Assert.True(_segment.Log.TryAcquire());
        Append(batches);
        return _segment;
    }

    private TailMap New(int batches) => new(Segment(batches), _budget);

    private void Warm(TailMap map)
    {
        for (int i = 0; i < TailMap.ReadsPerMove; i++)
        {
            _ = map.TryRead(_segment!.SizeBytes - 10, new byte[10]);
        }

        ReadsRight(map, _segment!.SizeBytes - BatchBytes, BatchBytes);
    }

    private void ReadsRight(TailMap map, long position, int lengthBytes)
    {
        byte[] fromMap = new byte[lengthBytes];
        byte[] fromFile = new byte[lengthBytes];
        Assert.True(map.TryRead(position, fromMap), $"The window does not hold {position}.");
        Assert.Equal(lengthBytes, _segment!.Log.File.Read(position, fromFile));
        Assert.Equal(fromFile, fromMap);
    }
}
