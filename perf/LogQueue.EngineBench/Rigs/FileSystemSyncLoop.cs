using System.Runtime.InteropServices;
using LogQueue.Storage.Files;
using LogQueue.Storage.Partitions;
using Microsoft.Win32.SafeHandles;

namespace LogQueue.EngineBench.Rigs;

/// <summary>The design that lost: one <c>syncfs</c> of the whole file system per round of commits. Thread-safe.</summary>
internal sealed partial class FileSystemSyncLoop : ICommitLog, IDisposable
{
    private readonly object _gate = new();
    private readonly DirectoryFence _fence;
    private readonly SafeFileHandle _anyFile;
    private readonly Thread _thread;
    private List<PartitionLog> _dirty = [];
    private List<PartitionLog> _round = [];
    private bool _isDue;
    private bool _isStopping;

    public FileSystemSyncLoop(string root, DirectoryFence fence)
    {
        _fence = fence;
        _anyFile = File.OpenHandle(Path.Combine(root, "syncfs"), FileMode.OpenOrCreate, FileAccess.ReadWrite);
        _thread = new Thread(Run) { IsBackground = true };
        _thread.Start();
    }

    public void Written(PartitionLog log, int bytes)
    {
        if (Interlocked.Exchange(ref log.CommitQueued, 1) == 0)
        {
            lock (_gate)
            {
                _dirty.Add(log);
            }
        }
    }

    public void Demand(PartitionLog log)
    {
        Written(log, 0);
        lock (_gate)
        {
            _isDue = true;
            Monitor.Pulse(_gate);
        }
    }

    public void Forget(string directory)
    {
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _isStopping = true;
            Monitor.Pulse(_gate);
        }

        _thread.Join();
        _anyFile.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "syncfs", SetLastError = true)]
    private static partial int SyncFileSystem(SafeHandle file);

    private void Run()
    {
        List<PendingCommit> pending = [];
        while (true)
        {
            lock (_gate)
            {
                while (!_isDue && !_isStopping)
                {
                    Monitor.Wait(_gate);
                }

                if (_isStopping)
                {
                    return;
                }

                _isDue = false;
                (_round, _dirty) = (_dirty, _round);
                _round.ForEach(static log => Interlocked.Exchange(ref log.CommitQueued, 0));
            }

            foreach (PartitionLog log in _round)
            {
                if (log.TryPrepareCommit(int.MaxValue, out PendingCommit commit))
                {
                    pending.Add(commit);
                }
                else
                {
                    log.Commit();
                }
            }

            if (SyncFileSystem(_anyFile) != 0)
            {
                _fence.Trip(new IOException($"syncfs failed with errno {Marshal.GetLastPInvokeError()}"));
            }

            pending.ForEach(static commit =>
            {
                commit.Log.CompleteCommit(commit);
                commit.Release();
            });
            pending.Clear();
            _round.Clear();
        }
    }
}
