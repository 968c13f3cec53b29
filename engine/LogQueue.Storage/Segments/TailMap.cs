using LogQueue.Storage.Files;

namespace LogQueue.Storage.Segments;

/// <summary>
/// A window of memory over the newest bytes of a segment that takes appends, through which small reads copy what was just written without
/// a system call. Its pages are locked in memory: a look at them never asks the disk, so that it neither stops the process nor ends it.
/// The window follows the reads, and only moves when enough of them ask for it to pay; a log that nobody reads has none. Where the
/// system refuses to lock pages, reads go to the file. Thread-safe.
/// </summary>
internal sealed class TailMap(LogSegment segment, LeaseBudget budget) : LeasedResource(budget)
{
    /// <summary>Size of the window.</summary>
    internal const int WindowBytes = 256 << 10;

    /// <summary>Larger reads go to the file: the copy costs more than the call.</summary>
    internal const int MostReadBytes = 64 << 10;

    /// <summary>Reads that pay for one move of the window.</summary>
    internal const int ReadsPerMove = 32;

    /// <summary>A multiple of every system's page size.</summary>
    private const long AlignBytes = 64 << 10;

    private readonly LeaseBudget _budget = budget;
    private IMappedRegion? _region;
    private long _start;
    private long _end;
    private long _wantedStart;
    private int _reads;
    private Action? _move;

    /// <summary>The windows of a process, since locked memory is limited by process: 16 MiB at most.</summary>
    internal static LeaseBudget OfProcess { get; } = new(64);

    /// <summary>
    /// Copies published bytes; false when the window does not hold them. The caller holds a lease on the log file.
    /// </summary>
    public bool TryRead(long position, Span<byte> destination)
    {
        long end = position + destination.Length;
        if (!segment.IsWritable || destination.Length > MostReadBytes || end > segment.SizeBytes
            || (!Holds(position, end) && !TryMove(position, end)))
        {
            return false;
        }

        try
        {
            if (!TryAcquire())
            {
                return false;
            }
        }
        catch (StorageException e)
        {
            if (e.Error is StorageError.OutOfMemory or StorageError.Locked or StorageError.Permission)
            {
                _budget.LimitToOpen(); // RLIMIT_MEMLOCK
            }

            return false;
        }

        try
        {
            if (_region is null || !Holds(position, end))
            {
                return false; // it moved meanwhile
            }

            _region.Span.Slice((int)(position - _start), destination.Length).CopyTo(destination);
            _reads++; // a hint: a lost count costs nothing
            return true;
        }
        finally
        {
            Release();
        }
    }

    /// <summary>Shortens the file while nothing maps it; readers go to the file meanwhile.</summary>
    public void Cut(Action shorten) => WhileClosed(() =>
    {
        SetWindow(0, 0); // it may be set and not be open
        shorten();
    });

    /// <inheritdoc/>
    protected override void OpenCore()
    {
        try
        {
            _region = _end > _start ? segment.Log.File.MapResident(_start, (int)(_end - _start)) : null;
        }
        catch
        {
            SetWindow(0, 0);
            throw;
        }
    }

    /// <inheritdoc/>
    protected override void CloseCore()
    {
        _region?.Dispose();
        _region = null;
        SetWindow(0, 0); // closed for want of room, it must pay for itself again
    }

    private bool Holds(long position, long end) => position >= Volatile.Read(ref _start) && end <= Volatile.Read(ref _end);

    private bool TryMove(long position, long end)
    {
        if (_budget.Most == 0 || position < Math.Max(Volatile.Read(ref _start), segment.SizeBytes - WindowBytes))
        {
            return false; // not the newest: readers that lag do not take the window from those that keep up
        }

        if (Volatile.Read(ref _reads) < ReadsPerMove)
        {
            Interlocked.Increment(ref _reads);
            return false;
        }

        if (Interlocked.Exchange(ref _reads, 0) < ReadsPerMove)
        {
            return false; // somebody else moves it
        }

        Volatile.Write(ref _wantedStart, position / AlignBytes * AlignBytes);
        WhileClosed(_move ??= Move);
        return Holds(position, end);
    }

    private void Move() => SetWindow(_wantedStart, Math.Min(_wantedStart + WindowBytes, segment.AllocatedBytes));

    private void SetWindow(long start, long end)
    {
        Volatile.Write(ref _start, start);
        Volatile.Write(ref _end, end);
    }
}
