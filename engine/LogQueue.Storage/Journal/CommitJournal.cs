using LogQueue.Storage.Files;
using LogQueue.Storage.Partitions;
using LogQueue.Storage.Segments;
using LogQueue.Wire.Memory;

namespace LogQueue.Storage.Journal;

/// <summary>
/// Makes small appends to many partitions durable with one sync: their bytes are copied into one sequential file, which is synced; the
/// segment files follow in the background. Two files are used in turn: while one fills, the segments of the other are synced, and it is
/// free again. After a crash <see cref="JournalReplay"/> writes the bytes into their segments before any log is opened. Thread-safe.
/// </summary>
/// <remarks>
/// Why: a sync costs the disk the same for one file as for a journal of many, so n dirty partitions cost n syncs without it. What it costs:
/// small appends are written twice. Large ones never come here.
/// </remarks>
internal sealed class CommitJournal : IDisposable
{
    private readonly object _gate = new();
    private readonly IStorageDevice _device;
    private readonly string _directory;
    private readonly DirectoryFence _fence;
    private readonly int _fileBytes;
    private readonly Action<Action> _background;
    private readonly PooledBufferWriter _round;
    private JournalFile[] _files = [];
    private int _current;
    private long _generation;
    private long _sequence;
    private int _running;
    private bool _isCreating;
    private bool _isDisposed;

    /// <summary>Nothing is written before the first round.</summary>
    /// <param name="device">The disk.</param>
    /// <param name="directory">The data directory.</param>
    /// <param name="fence">Trips when a sync fails.</param>
    /// <param name="background">Runs slow work elsewhere.</param>
    /// <param name="fileBytes">Bytes of each of the two files.</param>
    public CommitJournal(IStorageDevice device, string directory, DirectoryFence fence, Action<Action> background, int fileBytes)
    {
        _device = device;
        _directory = directory;
        _fence = fence;
        _background = background;
        _fileBytes = fileBytes;
        _round = new PooledBufferWriter(64 << 10, fileBytes);
    }

    /// <summary>Rounds written so far.</summary>
    public long Rounds { get; private set; }

    /// <summary>The path of one of the two files.</summary>
    public static string PathOf(string directory, int file) => Path.Combine(directory, file == 0 ? "commit.journal.0" : "commit.journal.1");

    /// <summary>
    /// Writes and syncs the bytes of all these commits. False when it cannot take them now: the caller syncs the files themselves.
    /// Throws <see cref="StorageException"/> when a write or the sync failed: fence then.
    /// </summary>
    public bool TryWrite(List<PendingCommit> commits)
    {
        lock (_gate)
        {
            if (_isDisposed || !TryAssembleLocked(commits))
            {
                return false;
            }

            if (_round.WrittenCount > 0)
            {
                JournalFile file = _files[_current];
                foreach (PendingCommit commit in commits)
                {
                    file.Segments.Add(commit.Segment); // before the write: what a failed one left counts as well
                }

                file.Write(_round.WrittenSpan);

                Rounds++;
            }

            return true;
        }
    }

    /// <summary>Voids what the journal holds, if anything of this partition directory is in it. Throws <see cref="StorageException"/>.</summary>
    public void Forget(string directory)
    {
        if (PlantedBugs.IsOn(PlantedBug.ForgetJournalOnTruncate))
        {
            return;
        }

        lock (_gate)
        {
            foreach (JournalFile file in _files)
            {
                if (file.Segments.Any(s => s.Directory == directory)) // free or not: its frames count until the file is used again
                {
                    if (!file.IsFree)
                    {
                        SyncSegments([.. file.Segments]);
                    }

                    file.Clear(++_generation);
                }
            }
        }
    }

    /// <summary>All logs are closed and synced: the journal is taken away. Throws <see cref="StorageException"/>.</summary>
    public void Delete()
    {
        Dispose();
        bool any = false;
        for (int i = 0; i < 2; i++)
        {
            any |= _device.FileExists(PathOf(_directory, i));
            _device.DeleteIfExists(PathOf(_directory, i));
        }

        if (any)
        {
            _device.SyncDirectory(_directory);
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (!_isDisposed)
            {
                _isDisposed = true;
                while (_running > 0)
                {
                    Monitor.Wait(_gate); // what runs in the background uses the files
                }

                _round.Dispose();
                foreach (JournalFile file in _files)
                {
                    file.Dispose();
                }
            }
        }
    }

    private bool TryAssembleLocked(List<PendingCommit> commits)
    {
        int bytes = commits.Sum(static c => JournalFrame.SizeOf(c.DirectoryName, c.SizeBytes));
        if (!TryMakeRoomLocked(bytes))
        {
            return false;
        }

        _round.Reset();
        foreach (PendingCommit commit in commits)
        {
            if (!commit.Log.IsCurrent(commit))
            {
                continue; // cut or deleted since: a frame would bring it back
            }

            string name = commit.DirectoryName;
            int frameBytes = JournalFrame.SizeOf(name, commit.SizeBytes);
            Span<byte> frame = _round.GetSpan(frameBytes)[..frameBytes];
            int payload = JournalFrame.Begin(
                frame, _files[_current].Generation, ++_sequence, name, commit.Segment.BaseOffset, commit.Position);
            commit.CopyTo(frame[payload..]);
            JournalFrame.Complete(frame);
            _round.Advance(frameBytes);
        }

        return true;
    }

    private bool TryMakeRoomLocked(int bytes)
    {
        if (_files.Length == 0)
        {
            if (!_isCreating)
            {
                _isCreating = true;
                RunInBackgroundLocked(Create);
            }

            return false;
        }

        JournalFile current = _files[_current];
        if (!current.IsFree && bytes <= current.FreeBytes)
        {
            return true;
        }

        if (bytes > _fileBytes - JournalFile.PageBytes)
        {
            return false;
        }

        if (current.IsFree)
        {
            current.Begin(++_generation);
            return true;
        }

        JournalFile other = _files[1 - _current];
        if (!other.IsFree)
        {
            return false; // its segments are still being synced
        }

        _current = 1 - _current;
        other.Begin(++_generation);
        LogSegment[] segments = [.. current.Segments];
        long generation = current.Generation;
        RunInBackgroundLocked(() => Free(current, generation, segments));
        return true;
    }

    private void RunInBackgroundLocked(Action work)
    {
        _running++;
        _background(() =>
        {
            try
            {
                work();
            }
            finally
            {
                lock (_gate)
                {
                    _running--;
                    Monitor.PulseAll(_gate);
                }
            }
        });
    }

    private void Create()
    {
        List<JournalFile> files = [];
        try
        {
            files.Add(JournalFile.Create(_device, PathOf(_directory, 0), _fileBytes));
            files.Add(JournalFile.Create(_device, PathOf(_directory, 1), _fileBytes));
            _device.SyncDirectory(_directory);
        }
        catch (StorageException e)
        {
            files.ForEach(static f => f.Dispose());
            if (FenceRule.IsFinal(e))
            {
                _fence.Trip(e);
            }

            return; // a full disk: files are synced one by one, and the journal is not tried again
        }

        lock (_gate)
        {
            _files = [.. files];
        }
    }

    private void Free(JournalFile file, long generation, LogSegment[] segments)
    {
        try
        {
            SyncSegments(segments);
        }
        catch (StorageException e)
        {
            _fence.Trip(e);
            return;
        }

        lock (_gate)
        {
            file.IsFree |= file.Generation == generation;
        }
    }

    private void SyncSegments(LogSegment[] segments)
    {
        foreach (LogSegment segment in segments)
        {
            if (_fence.IsTripped)
            {
                throw new StorageException(StorageError.Other, "fdatasync", segment.Log.Path, "the data directory is fenced");
            }

            segment.DataSync(); // of one that is sealed or removed nothing is unsynced, or nobody needs it
        }
    }
}
