using LogQueue.Storage.Files;

namespace LogQueue.Storage.Segments;

/// <summary>
/// The writing side of a segment's log file: positioned writes behind the published end, blocks made in steps before them, and taken back
/// after a failed one. One writer at a time (the log's append lock); <see cref="DataSync"/> from any thread.
/// </summary>
/// <param name="log">The log file; open, with a lease that becomes this writer's.</param>
/// <param name="tail">The map of its end, which must be closed before the file is cut.</param>
/// <param name="files">Its budget.</param>
/// <param name="allocatedBytes">Its length.</param>
internal sealed class SegmentWriter(LeasedFile log, TailMap tail, LeaseBudget files, long allocatedBytes)
{
    private readonly WriteHandle _handle = new(log, files, isHeld: true);
    private long _allocatedBytes = allocatedBytes;
    private long _touchedBytes;

    /// <summary>Length of the file.</summary>
    public long AllocatedBytes => Volatile.Read(ref _allocatedBytes);

    /// <summary>True while something may have been written that no sync covers.</summary>
    public bool IsUnsynced => _handle.IsUnsynced;

    /// <summary>
    /// Writes batches at the published end with one positioned write. Throws <see cref="StorageException"/> after cutting the file back to
    /// that end.
    /// </summary>
    public void Write(
        long end, ReadOnlySpan<byte> batches, int firstStepBytes, int mostStepBytes, int segmentBytes, DiskSpace? space)
    {
        IStorageFile file = _handle.Begin();
        try
        {
            WriteTo(file, end, batches, new Steps(firstStepBytes, mostStepBytes, segmentBytes), space);
        }
        catch (StorageException) when (!PlantedBugs.IsOn(PlantedBug.KeepPartialWrite))
        {
            Cut(file, end); // bytes of a failed append must not stand behind later ones: after a crash they could look like records
            throw;
        }
        catch (StorageException)
        {
            // The planted bug.
        }
        finally
        {
            _handle.Done();
        }
    }

    /// <summary>Makes the next reads from a position on ask the disk. During recovery only.</summary>
    public void DropCache(long position) => log.File.DropCache(position);

    /// <summary>fdatasync, if anything may be unsynced.</summary>
    public void DataSync() => _handle.Sync();

    /// <summary>Cuts the preallocated rest off.</summary>
    public void Trim(IStorageDevice device, long end)
    {
        if (device.FileLength(log.Path) == end)
        {
            _allocatedBytes = end;
            _touchedBytes = 0;
            return;
        }

        IStorageFile file = _handle.Begin();
        try
        {
            Cut(file, end);
        }
        finally
        {
            _handle.Done();
        }
    }

    /// <summary>Recovery is over: from now on the file may be closed while nothing of it is unsynced.</summary>
    public void EndRecovery() => _handle.EndRecovery();

    /// <summary>The segment was just made: its file may be closed after a sync.</summary>
    public void Begun() => files.Written(_handle);

    /// <summary>Ends the writing. Idempotent.</summary>
    public void Close() => _handle.Close();

    private void WriteTo(IStorageFile file, long position, ReadOnlySpan<byte> batches, in Steps steps, DiskSpace? space)
    {
        long end = position + batches.Length;
        if (end > _allocatedBytes)
        {
            Grow(file, end, steps, space);
        }

        if (end > _touchedBytes)
        {
            _touchedBytes = TouchAhead.Run(file, Math.Max(_touchedBytes, position), end, _allocatedBytes, batches.Length);
        }

        file.Write(position, batches);
    }

    private void Grow(IStorageFile file, long end, in Steps steps, DiskSpace? space)
    {
        long step = Math.Clamp(_allocatedBytes, steps.FirstBytes, Math.Max(steps.FirstBytes, steps.MostBytes));
        long target = Math.Max(end, Math.Min(_allocatedBytes + step, steps.SegmentBytes));
        try
        {
            Allocate(file, target, space);
        }
        catch (StorageException e) when (e.Error == StorageError.NoSpace && target > end)
        {
            Allocate(file, end, space); // a nearly full disk may still have room for this append
        }
    }

    private void Allocate(IStorageFile file, long target, DiskSpace? space)
    {
        long more = target - _allocatedBytes;
        if (space is not null && !space.TryPromise(more))
        {
            throw new StorageException(StorageError.NoSpace, "posix_fallocate", log.Path, space.Refusal);
        }

        try
        {
            file.Allocate(target);
            _allocatedBytes = target;
        }
        finally
        {
            space?.Taken(more);
        }
    }

    private void Cut(IStorageFile file, long end) => tail.Cut(() =>
    {
        file.Truncate(end);
        _allocatedBytes = end;
        _touchedBytes = 0;
    });

    private readonly record struct Steps(int FirstBytes, int MostBytes, int SegmentBytes);
}
