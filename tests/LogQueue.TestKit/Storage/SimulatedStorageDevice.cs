using LogQueue.Storage;
using LogQueue.Storage.Files;

namespace LogQueue.TestKit.Storage;

/// <summary>
/// A disk in memory that keeps only what was synced. <see cref="Crash"/> makes the disk that a machine finds after a power cut: unsynced
/// sectors old or new in any mixture, the last write torn, names lost unless their directory was synced. Operations can be made to fail by
/// rule, the disk can be full, and the power can be cut at an operation's number. Deterministic by seed. Thread-safe.
/// </summary>
internal sealed class SimulatedStorageDevice : IStorageDevice
{
    private static readonly object DirectoryMark = new();

    private readonly Lock _lock = new();
    private readonly Dictionary<string, object> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, object> _durableNames = new(StringComparer.Ordinal);
    private readonly List<(string Directory, Action<Dictionary<string, object>> Apply)> _pendingNames = [];
    private readonly HashSet<string> _locks = new(StringComparer.Ordinal);
    private int _openFiles;

    /// <summary>Creates an empty disk whose root directories exist and are durable.</summary>
    public SimulatedStorageDevice(params string[] rootDirectories)
    {
        foreach (string root in rootDirectories)
        {
            _names[root] = DirectoryMark;
            _durableNames[root] = DirectoryMark;
        }
    }

    /// <summary>Bytes that all files together may hold.</summary>
    public long CapacityBytes { get; set; } = long.MaxValue;

    /// <summary>Asked before each operation; a fault makes it fail.</summary>
    public Func<SimulatedOperation, SimulatedFault?>? Fault { get; set; }

    /// <summary>The power is cut when the operation with this number starts; it may have happened in part. 0: never.</summary>
    public long CutPowerAt { get; set; }

    /// <summary>Operations so far that change or sync something.</summary>
    public long Operations { get; private set; }

    /// <summary>A hash of all operations so far: equal for equal seeds.</summary>
    public ulong TraceHash { get; private set; } = 14695981039346656037;

    /// <summary>True once the power was cut.</summary>
    public bool IsPowerCut { get; private set; }

    /// <summary>Files open now: a test ends with none.</summary>
    public int OpenFiles => _openFiles;

    /// <summary>Sync operations so far.</summary>
    public long Syncs { get; private set; }

    /// <summary>The disk after a power cut now. This one is left as it is.</summary>
    public SimulatedStorageDevice Crash(int seed)
    {
        lock (_lock)
        {
            var random = new Random(seed);
            double keep = random.Next(4) switch { 0 => 0.0, 1 => 1.0, _ => random.NextDouble() };
            var names = new Dictionary<string, object>(_durableNames, StringComparer.Ordinal);
            foreach ((_, Action<Dictionary<string, object>> apply) in _pendingNames)
            {
                if (random.NextDouble() < keep)
                {
                    apply(names);
                }
            }

            var after = new SimulatedStorageDevice();
            foreach ((string path, object node) in names.OrderBy(static n => n.Key, StringComparer.Ordinal))
            {
                string? parent = System.IO.Path.GetDirectoryName(path);
                if (parent is not null && _names.ContainsKey(parent) && !after._names.ContainsKey(parent))
                {
                    continue; // its directory did not survive
                }

                object kept = node is SimulatedInode inode ? inode.Crash(random, keep) : DirectoryMark;
                after._names[path] = kept;
                after._durableNames[path] = kept;
            }

            return after;
        }
    }

    /// <summary>A copy of the running disk, everything durable: to reopen the same state more than once.</summary>
    public SimulatedStorageDevice Copy()
    {
        lock (_lock)
        {
            var copy = new SimulatedStorageDevice();
            foreach ((string path, object node) in _names)
            {
                object twin = node is SimulatedInode inode ? inode.Copy() : DirectoryMark;
                copy._names[path] = twin;
                copy._durableNames[path] = twin;
            }

            return copy;
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
        lock (_lock)
        {
            InodeLocked("flip", path).FlipBit(bit);
        }
    }

    public IStorageFile Open(string path, StorageOpenMode mode) => Do(mode is StorageOpenMode.CreateNew or StorageOpenMode.OpenOrCreate ? "create" : "open", path, 0, 0, () =>
    {
        _names.TryGetValue(path, out object? node);
        if (node is null)
        {
            if (mode is StorageOpenMode.Read or StorageOpenMode.ReadWrite || !_names.ContainsKey(System.IO.Path.GetDirectoryName(path)!))
            {
                throw new StorageException(StorageError.NotFound, "open", path, "no such file");
            }

            node = new SimulatedInode();
            SetNameLocked(path, node);
        }
        else if (mode == StorageOpenMode.CreateNew)
        {
            throw new StorageException(StorageError.Exists, "open", path, "the file exists");
        }

        var inode = node as SimulatedInode ?? throw new StorageException(StorageError.Other, "open", path, "is a directory");
        Interlocked.Increment(ref _openFiles);
        return new SimulatedStorageFile(this, path, inode, mode != StorageOpenMode.Read);
    });

    public bool FileExists(string path) => Do("exists", path, 0, 0, () => _names.TryGetValue(path, out object? node) && node is SimulatedInode);

    public bool DirectoryExists(string path) => Do("exists", path, 0, 0, () => _names.TryGetValue(path, out object? node) && node == DirectoryMark);

    public long FileLength(string path) => Do("length", path, 0, 0, () => InodeLocked("stat", path).Length);

    public void CreateDirectory(string path) => Do("mkdir", path, 0, 0, () =>
    {
        SetNameLocked(path, DirectoryMark);
        return true;
    });

    public IReadOnlyList<string> ListFiles(string directory) => Do("list", directory, 0, 0, () => ListLocked(directory, files: true));

    public IReadOnlyList<string> ListDirectories(string directory) => Do("list", directory, 0, 0, () => ListLocked(directory, files: false));

    public void Delete(string path) => Do("delete", path, 0, 0, () =>
    {
        _ = InodeLocked("unlink", path);
        _names.Remove(path);
        AddPendingLocked(path, names => names.Remove(path));
        return true;
    });

    public void DeleteDirectory(string path) => Do("delete", path, 0, 0, () =>
    {
        if (_names.Keys.Any(n => System.IO.Path.GetDirectoryName(n) == path))
        {
            throw new StorageException(StorageError.Other, "rmdir", path, "directory not empty");
        }

        _names.Remove(path);
        _pendingNames.RemoveAll(p => p.Directory == path); // whatever happened in it ends with it
        AddPendingLocked(path, names => names.Keys.Where(n => n == path || n.StartsWith(path + "/", StringComparison.Ordinal)).ToList()
            .ForEach(n => names.Remove(n)));
        return true;
    });

    public void Rename(string from, string to) => Do("rename", from, 0, 0, () =>
    {
        if (!_names.ContainsKey(from))
        {
            throw new StorageException(StorageError.NotFound, "rename", from, "no such file");
        }

        Move(_names, from, to);
        AddPendingLocked(from, names => Move(names, from, to));
        return true;
    });

    public void SyncDirectory(string path) => Do("syncdir", path, 0, 0, () =>
    {
        Syncs++;
        foreach ((string directory, Action<Dictionary<string, object>> apply) in _pendingNames)
        {
            if (directory == path)
            {
                apply(_durableNames);
            }
        }

        _pendingNames.RemoveAll(p => p.Directory == path);
        return true;
    });

    public long FreeBytes(string path) => Do("statfs", path, 0, 0, () => CapacityBytes == long.MaxValue ? long.MaxValue : CapacityBytes - UsedLocked());

    public long TotalBytes(string path) => CapacityBytes;

    public IDisposable LockDirectory(string path)
    {
        lock (_lock)
        {
            return _locks.Add(path) ? new Unlock(this, path) : throw new StorageException(StorageError.Locked, "lock", path, "in use");
        }
    }

    internal void FileClosed() => Interlocked.Decrement(ref _openFiles);

    internal int Read(string path, SimulatedInode inode, long position, Span<byte> destination)
    {
        lock (_lock)
        {
            EnterLocked("read", path, position, destination.Length);
            int count = (int)Math.Clamp(inode.Length - position, 0, destination.Length);
            inode.Bytes.AsSpan((int)Math.Min(position, inode.Bytes.Length), count).CopyTo(destination);
            return count;
        }
    }

    internal void Write(string path, SimulatedInode inode, long position, ReadOnlySpan<byte> source)
    {
        lock (_lock)
        {
            long number = NumberLocked("write", path, position, source.Length);
            if (CutPowerAt != 0 && number >= CutPowerAt)
            {
                bool first = !IsPowerCut;
                IsPowerCut = true;
                if (first)
                {
                    inode.Write(position, source); // in flight: Crash decides which sectors made it
                }

                throw new SimulatedPowerCutException();
            }

            SimulatedFault? fault = FaultLocked(number, "write", path, position, source.Length);
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

            inode.Write(position, source);
        }
    }

    internal void Allocate(string path, SimulatedInode inode, long lengthBytes) => Do("allocate", path, 0, lengthBytes, () =>
    {
        if (lengthBytes > inode.Length)
        {
            if (CapacityBytes != long.MaxValue && CapacityBytes - UsedLocked() < lengthBytes - inode.Length)
            {
                throw new StorageException(StorageError.NoSpace, "posix_fallocate", path, "simulated");
            }

            inode.SetLength(lengthBytes);
        }

        return true;
    });

    internal void Sync(string path, SimulatedInode inode)
    {
        lock (_lock)
        {
            long number = NumberLocked("sync", path, 0, 0);
            CutIfDueLocked(number);
            Syncs++;
            if (FaultLocked(number, "sync", path, 0, 0) is { } fault)
            {
                inode.FailSync();
                throw new StorageException(fault.Error, "fdatasync", path, "simulated");
            }

            inode.Sync();
        }
    }

    internal T Do<T>(string kind, string path, long position, long length, Func<T> action)
    {
        lock (_lock)
        {
            EnterLocked(kind, path, position, length);
            return action();
        }
    }

    private static void Move(Dictionary<string, object> names, string from, string to)
    {
        foreach (string name in names.Keys.Where(n => n == from || n.StartsWith(from + "/", StringComparison.Ordinal)).ToArray())
        {
            names[to + name[from.Length..]] = names[name];
            names.Remove(name);
        }
    }

    private void EnterLocked(string kind, string path, long position, long length)
    {
        bool counts = kind is "create" or "allocate" or "truncate" or "mkdir" or "delete" or "rename" or "syncdir";
        long number = counts ? NumberLocked(kind, path, position, length) : Operations;
        if (IsPowerCut)
        {
            throw new SimulatedPowerCutException();
        }

        if (counts)
        {
            CutIfDueLocked(number);
        }

        if (FaultLocked(number, kind, path, position, length) is { } fault)
        {
            throw new StorageException(fault.Error, kind, path, "simulated");
        }
    }

    private long NumberLocked(string kind, string path, long position, long length)
    {
        Operations++;
        foreach (char c in kind + path)
        {
            TraceHash = unchecked((TraceHash ^ c) * 1099511628211);
        }

        TraceHash = unchecked((TraceHash ^ (ulong)position) * 1099511628211);
        TraceHash = unchecked((TraceHash ^ (ulong)length) * 1099511628211);
        return Operations;
    }

    private void CutIfDueLocked(long number)
    {
        if (IsPowerCut || (CutPowerAt != 0 && number >= CutPowerAt))
        {
            IsPowerCut = true;
            throw new SimulatedPowerCutException();
        }
    }

    private SimulatedFault? FaultLocked(long number, string kind, string path, long position, long length) =>
        Fault?.Invoke(new SimulatedOperation(number, kind, path, position, length));

    private SimulatedInode InodeLocked(string operation, string path) =>
        _names.TryGetValue(path, out object? node) && node is SimulatedInode inode
            ? inode
            : throw new StorageException(StorageError.NotFound, operation, path, "no such file");

    private string[] ListLocked(string directory, bool files) =>
    [
        .. _names.Where(n => System.IO.Path.GetDirectoryName(n.Key) == directory && n.Value is SimulatedInode == files)
            .Select(static n => System.IO.Path.GetFileName(n.Key)).Order(StringComparer.Ordinal),
    ];

    private long UsedLocked() => _names.Values.OfType<SimulatedInode>().Sum(static i => i.Length);

    private void SetNameLocked(string path, object node)
    {
        _names[path] = node;
        AddPendingLocked(path, names => names[path] = node);
    }

    private void AddPendingLocked(string path, Action<Dictionary<string, object>> apply) =>
        _pendingNames.Add((System.IO.Path.GetDirectoryName(path)!, apply));

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
