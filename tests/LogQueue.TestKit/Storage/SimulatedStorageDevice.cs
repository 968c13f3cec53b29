using LogQueue.Storage;
using LogQueue.Storage.Files;

namespace LogQueue.TestKit.Storage;

/// <summary>
/// A disk in memory that keeps only what was synced. <see cref="Crash(int, CrashProfile?)"/> makes the disk that a machine finds after a power cut:
/// unsynced sectors old or new in any mixture, the last write torn or garbage, names lost unless their directory was synced. Operations can
/// be made to fail or to go wrong silently by rule, the disk can be full, and the power can be cut at an operation's number. Crashed disks
/// share the bytes of the running one until either writes. Deterministic by seed. Thread-safe.
/// </summary>
internal sealed class SimulatedStorageDevice : IStorageDevice
{
    private readonly Lock _lock = new();
    private readonly SimulatedNames _names;
    private readonly HashSet<string> _locks = new(StringComparer.Ordinal);
    private readonly Random _random = new(1);
    private Action<SimulatedStorageDevice>? _boundary;
    private int _openFiles;

    /// <summary>Creates an empty disk whose root directories exist and are durable.</summary>
    public SimulatedStorageDevice(params string[] rootDirectories) => _names = new SimulatedNames(rootDirectories);

    private SimulatedStorageDevice(SimulatedNames names) => _names = names;

    /// <summary>Bytes that all files together may hold.</summary>
    public long CapacityBytes { get; set; } = long.MaxValue;

    /// <summary>What happens to operations: faults, quirks, the power cut; and their count.</summary>
    public SimulatedOperations Rules { get; } = new();

    public Func<SimulatedOperation, SimulatedFault?>? Fault { get => Rules.Fault; set => Rules.Fault = value; }

    public long CutPowerAt { get => Rules.CutPowerAt; set => Rules.CutPowerAt = value; }

    public long Operations => Rules.Count;
    public ulong TraceHash => Rules.TraceHash;
    public bool IsPowerCut => Rules.IsPowerCut;

    /// <summary>Sync operations so far.</summary>
    public long Syncs { get; private set; }

    /// <summary>Files open now: a test ends with none.</summary>
    public int OpenFiles => _openFiles;

    /// <summary>Called before each numbered operation takes effect: a power cut here finds what all earlier ones left.</summary>
    public Action<SimulatedStorageDevice>? Boundary
    {
        get => _boundary;
        set
        {
            _boundary = value;
            Rules.Boundary = value is null ? null : () => value(this);
        }
    }

    /// <summary>True when everything is durable: a power cut changes nothing.</summary>
    public bool IsSettled
    {
        get
        {
            using Lock.Scope scope = _lock.EnterScope();
            return _names.IsSettled;
        }
    }

    /// <summary>The disk after a power cut now; without a profile the seed chooses one. This one is left as it is.</summary>
    public SimulatedStorageDevice Crash(int seed, CrashProfile? profile = null)
    {
        var random = new Random(seed);
        return Crash(random, profile ?? (random.Next(2) == 0 ? CrashProfile.Weak : CrashProfile.Ordered));
    }

    /// <summary>A copy of the running disk, everything durable: to reopen the same state more than once.</summary>
    public SimulatedStorageDevice Copy()
    {
        using Lock.Scope scope = _lock.EnterScope();
        return new SimulatedStorageDevice(_names.Copy());
    }

    /// <summary>The page cache is dropped, as by a restart under memory pressure: reads see what the disk really holds.</summary>
    public void DropCaches()
    {
        lock (_lock)
        {
            foreach (SimulatedInode inode in _names.Files)
            {
                inode.DropCache();
            }
        }
    }

    /// <summary>The bytes of a file now.</summary>
    public byte[] Content(string path)
    {
        lock (_lock)
        {
            SimulatedInode inode = InodeLocked("read", path);
            return inode.Bytes[..(int)inode.Length];
        }
    }

    /// <summary>Damages a file: flips one bit.</summary>
    public void FlipBit(string path, long bit)
    {
        using Lock.Scope scope = _lock.EnterScope();
        InodeLocked("flip", path).FlipBit(bit);
    }

    public IStorageFile Open(string path, StorageOpenMode mode)
    {
        lock (_lock)
        {
            bool mayCreate = mode is StorageOpenMode.CreateNew or StorageOpenMode.OpenOrCreate;
            object? node = _names.Find(path);
            Rules.Enter(mayCreate ? "create" : "open", path, 0, 0, counts: mayCreate && node is null);
            if (node is null)
            {
                if (!mayCreate || !_names.HasParent(path))
                {
                    throw new StorageException(StorageError.NotFound, "open", path, "no such file");
                }

                node = new SimulatedInode();
                _names.Set(path, node);
            }
            else if (mode == StorageOpenMode.CreateNew)
            {
                throw new StorageException(StorageError.Exists, "open", path, "the file exists");
            }

            var inode = node as SimulatedInode ?? throw new StorageException(StorageError.Other, "open", path, "is a directory");
            Interlocked.Increment(ref _openFiles);
            return new SimulatedStorageFile(this, path, inode, mode != StorageOpenMode.Read);
        }
    }

    public bool FileExists(string path) => Look(path) is SimulatedInode;
    public bool DirectoryExists(string path) => Look(path) == SimulatedNames.Directory;

    public long FileLength(string path)
    {
        lock (_lock)
        {
            Rules.Enter("length", path, 0, 0, counts: false);
            return InodeLocked("stat", path).Length;
        }
    }

    public void CreateDirectory(string path)
    {
        lock (_lock)
        {
            Rules.Enter("mkdir", path, 0, 0, counts: true);
            _names.Set(path, SimulatedNames.Directory);
        }
    }

    public IReadOnlyList<string> ListFiles(string directory) => ListNames(directory, files: true);

    public IReadOnlyList<string> ListDirectories(string directory) => ListNames(directory, files: false);

    public void Delete(string path)
    {
        lock (_lock)
        {
            Rules.Enter("delete", path, 0, 0, counts: true);
            _ = InodeLocked("unlink", path);
            _names.Remove(path);
        }
    }

    public void DeleteDirectory(string path)
    {
        lock (_lock)
        {
            Rules.Enter("delete", path, 0, 0, counts: true);
            if (!_names.IsEmpty(path))
            {
                throw new StorageException(StorageError.Other, "rmdir", path, "directory not empty");
            }

            _names.RemoveDirectory(path);
        }
    }

    public void Rename(string from, string to)
    {
        lock (_lock)
        {
            Rules.Enter("rename", from, 0, 0, counts: true);
            if (_names.Find(from) is null)
            {
                throw new StorageException(StorageError.NotFound, "rename", from, "no such file");
            }

            _names.Move(from, to);
        }
    }

    public void SyncDirectory(string path)
    {
        lock (_lock)
        {
            Rules.Enter("syncdir", path, 0, 0, counts: true);
            Syncs++;
            _names.Sync(path);
        }
    }

    public long FreeBytes(string path)
    {
        lock (_lock)
        {
            Rules.Enter("statfs", path, 0, 0, counts: false);
            return CapacityBytes == long.MaxValue ? long.MaxValue : CapacityBytes - UsedLocked();
        }
    }

    public long TotalBytes(string path) => CapacityBytes;

    public IDisposable LockDirectory(string path)
    {
        lock (_lock)
        {
            return _locks.Add(path) ? new Unlock(this, path) : throw new StorageException(StorageError.Locked, "lock", path, "in use");
        }
    }

    internal void FileClosed() => Interlocked.Decrement(ref _openFiles);

    internal long Length(string path, SimulatedInode inode)
    {
        lock (_lock)
        {
            Rules.Enter("length", path, 0, 0, counts: false);
            return inode.Length;
        }
    }

    internal void Mapped(string path, long length)
    {
        lock (_lock)
        {
            Rules.Enter("map", path, 0, length, counts: false);
        }
    }

    internal int Read(string path, SimulatedInode inode, long position, Span<byte> destination)
    {
        lock (_lock)
        {
            Rules.Enter("read", path, position, destination.Length, counts: false);
            int count = (int)Math.Clamp(inode.Length - position, 0, destination.Length);
            inode.Bytes.AsSpan((int)Math.Min(position, inode.Bytes.Length), count).CopyTo(destination);
            if (Rules.QuirkOf(Operations, "read", path, position, count).IsStale)
            {
                inode.ReadStale(position, destination[..count]);
            }

            return count;
        }
    }

    internal void Write(string path, SimulatedInode inode, long position, ReadOnlySpan<byte> source)
    {
        lock (_lock)
        {
            long number = Rules.Number("write", path, position, source.Length);
            if (Rules.IsCutDue(number))
            {
                if (!Rules.IsPowerCut)
                {
                    inode.Write(position, source); // in flight: Crash decides which sectors made it
                }

                Rules.CutIfDue(number);
            }

            SimulatedFault? fault = Rules.FaultOf(number, "write", path, position, source.Length);
            long room = CapacityBytes == long.MaxValue ? long.MaxValue : CapacityBytes - UsedLocked() + Math.Max(0, inode.Length - position);
            if (fault is null && room < source.Length)
            {
                fault = new SimulatedFault(StorageError.NoSpace, (int)Math.Max(0, room));
            }

            if (fault is { } f)
            {
                inode.Write(position, source[..Math.Min(f.WrittenBytes, source.Length)]);
                throw new StorageException(f.Error, "pwrite", path, "simulated");
            }

            if (Rules.QuirkOf(number, "write", path, position, source.Length).MisdirectedTo is { } wrong)
            {
                inode.Misdirect(position, wrong, source);
                return;
            }

            inode.Write(position, source);
        }
    }

    internal void Allocate(string path, SimulatedInode inode, long lengthBytes)
    {
        lock (_lock)
        {
            Rules.Enter("allocate", path, 0, lengthBytes, counts: true);
            if (lengthBytes > inode.Length)
            {
                if (CapacityBytes != long.MaxValue && CapacityBytes - UsedLocked() < lengthBytes - inode.Length)
                {
                    throw new StorageException(StorageError.NoSpace, "posix_fallocate", path, "simulated");
                }

                inode.SetLength(lengthBytes);
            }
        }
    }

    internal void DropCache(string path, SimulatedInode inode, long position)
    {
        using Lock.Scope scope = _lock.EnterScope();
        Rules.Enter("dropcache", path, position, 0, counts: false);
        inode.DropCache();
    }

    internal void Truncate(string path, SimulatedInode inode, long lengthBytes)
    {
        lock (_lock)
        {
            Rules.Enter("truncate", path, 0, lengthBytes, counts: true);
            inode.SetLength(lengthBytes);
        }
    }

    internal void Sync(string path, SimulatedInode inode, ref int toldOfLostWrites)
    {
        lock (_lock)
        {
            long number = Rules.Number("sync", path, 0, 0);
            Rules.CutIfDue(number);
            Syncs++;
            if (Rules.FaultOf(number, "sync", path, 0, 0) is { } fault)
            {
                inode.FailSync(_random);
                throw new StorageException(fault.Error, "fdatasync", path, "simulated");
            }

            inode.TellLostWrites(path, ref toldOfLostWrites);
            _ = Rules.QuirkOf(number, "sync", path, 0, 0);
            if (!Rules.LiesAboutSyncs)
            {
                inode.Sync();
            }
        }
    }

    private SimulatedStorageDevice Crash(Random random, CrashProfile profile)
    {
        lock (_lock)
        {
            double keep = random.Next(4) switch { 0 => 0.0, 1 => 1.0, _ => random.NextDouble() };
            return new SimulatedStorageDevice(_names.Crash(random, keep, profile, inode => inode.Crash(random, keep)));
        }
    }

    private string[] ListNames(string directory, bool files)
    {
        lock (_lock)
        {
            Rules.Enter("list", directory, 0, 0, counts: false);
            return _names.List(directory, files);
        }
    }

    private object? Look(string path)
    {
        lock (_lock)
        {
            Rules.Enter("exists", path, 0, 0, counts: false);
            return _names.Find(path);
        }
    }

    private SimulatedInode InodeLocked(string operation, string path) =>
        _names.Find(path) as SimulatedInode ?? throw new StorageException(StorageError.NotFound, operation, path, "no such file");

    private long UsedLocked() => _names.Files.Sum(static i => i.Length);

    private sealed class Unlock(SimulatedStorageDevice device, string path) : IDisposable
    {
        public void Dispose()
        {
            lock (device._lock)
            {
                device._locks.Remove(path);
            }
        }
    }
}
