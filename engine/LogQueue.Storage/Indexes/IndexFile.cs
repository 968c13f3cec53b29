using LogQueue.Storage.Files;

namespace LogQueue.Storage.Indexes;

/// <summary>Reads the search key of an index entry.</summary>
internal interface IIndexKey
{
    /// <summary>The key.</summary>
    static abstract long Read(ReadOnlySpan<byte> entry);
}

/// <summary>
/// Fixed-size entries: the newest few in memory, the rest in a file that is written a page at a time and searched through a read-only map.
/// An index is a cache of the log, so a full disk never fails an append: the entries then stay in memory until a later page goes out.
/// Thread-safe.
/// </summary>
internal sealed class IndexFile : IDisposable
{
    private const int TailEntries = 256;

    private readonly Lock _lock = new();
    private readonly IStorageDevice _device;
    private readonly int _entryBytes;
    private readonly LeaseBudget _files;
    private readonly LeasedMap _map;
    private WriteHandle? _writer;
    private byte[] _tail = [];
    private int _tailCount;
    private int _filed;
    private bool _isPinned;

    public IndexFile(IStorageDevice device, string path, int entryBytes, LeaseBudget files, LeaseBudget maps)
    {
        _device = device;
        _files = files;
        _entryBytes = entryBytes;
        _map = new LeasedMap(device, path, maps);
        Path = path;
    }

    public string Path { get; }

    /// <summary>Entries in memory and file.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _filed + _tailCount;
            }
        }
    }

    /// <summary>Takes over what the file holds. False when there is no file or its length is no multiple of the entry size.</summary>
    public bool TryLoad()
    {
        lock (_lock)
        {
            if (!_device.FileExists(Path))
            {
                return false;
            }

            long length = _device.FileLength(Path);
            if (length % _entryBytes != 0 || length / _entryBytes > int.MaxValue)
            {
                return false;
            }

            _filed = (int)(length / _entryBytes);
            _tailCount = 0;
            return true;
        }
    }

    /// <summary>Adds an entry at the end.</summary>
    public void Append(ReadOnlySpan<byte> entry)
    {
        lock (_lock)
        {
            int at = _tailCount * _entryBytes;
            if (at == _tail.Length)
            {
                if (_tailCount >= TailEntries && TryFileTailLocked())
                {
                    at = 0;
                }
                else
                {
                    Array.Resize(ref _tail, Math.Max(16 * _entryBytes, _tail.Length * 2));
                }
            }

            entry.CopyTo(_tail.AsSpan(at));
            _tailCount++;
        }
    }

    /// <summary>Finds the last entry whose key is at or below <paramref name="key"/> (keys never fall) and copies it out.</summary>
    public bool TryFindLast<TKey>(long key, Span<byte> entry)
        where TKey : struct, IIndexKey
    {
        lock (_lock)
        {
            ReadOnlySpan<byte> tail = _tail.AsSpan(0, _tailCount * _entryBytes);
            if (_tailCount > 0 && TKey.Read(tail[.._entryBytes]) <= key)
            {
                return TryFindIn<TKey>(tail, key, entry);
            }

            if (_filed == 0)
            {
                return false;
            }

            AcquireMapLocked();
            try
            {
                return TryFindIn<TKey>(_map.Span[..(_filed * _entryBytes)], key, entry);
            }
            finally
            {
                _map.Release();
            }
        }
    }

    /// <summary>Copies entry number <paramref name="index"/> out; false when there is none.</summary>
    public bool TryGet(int index, Span<byte> entry)
    {
        lock (_lock)
        {
            if (index < 0 || index >= _filed + _tailCount)
            {
                return false;
            }

            if (index >= _filed)
            {
                _tail.AsSpan((index - _filed) * _entryBytes, _entryBytes).CopyTo(entry);
                return true;
            }

            AcquireMapLocked();
            try
            {
                _map.Span.Slice(index * _entryBytes, _entryBytes).CopyTo(entry);
                return true;
            }
            finally
            {
                _map.Release();
            }
        }
    }

    /// <summary>Keeps the first entries only.</summary>
    public void TruncateTo(int count)
    {
        lock (_lock)
        {
            if (count >= _filed)
            {
                _tailCount = Math.Min(_tailCount, count - _filed);
                return;
            }

            _tailCount = 0;
            _filed = count;
            _map.CloseIfIdle(); // never cut a file under its map; maps are leased under this lock only
            if (_writer is not null)
            {
                WriteLocked(static (index, file) => file.Truncate((long)index._filed * index._entryBytes));
                return;
            }

            // Every log that is opened cuts its last index, and then many are idle: each may hold one file, not three.
            using IStorageFile file = _device.Open(Path, StorageOpenMode.OpenOrCreate);
            file.Truncate((long)count * _entryBytes);
        }
    }

    /// <summary>Writes all entries, makes the file exist, and optionally syncs it.</summary>
    public void Flush(bool sync)
    {
        lock (_lock)
        {
            WriteLocked(static (index, file) =>
            {
                index.FileTailLocked(file);
                if (file.Length != (long)index._filed * index._entryBytes)
                {
                    index._map.CloseIfIdle();
                    file.Truncate((long)index._filed * index._entryBytes);
                }
            });
            if (sync)
            {
                _writer!.Sync();
            }
        }
    }

    /// <summary>No more appends are expected: gives up the write handle and the memory. Flush first.</summary>
    public void Rest()
    {
        lock (_lock)
        {
            CloseWriterLocked();
            if (_tailCount == 0)
            {
                _tail = [];
            }
        }
    }

    /// <summary>Holds the map, so that look-ups do not open the file by its name again.</summary>
    public void Pin()
    {
        lock (_lock)
        {
            if (_filed > 0 && !_isPinned)
            {
                AcquireMapLocked();
                _isPinned = true;
            }
        }
    }

    /// <summary>Ends a <see cref="Pin"/>.</summary>
    public void Unpin()
    {
        lock (_lock)
        {
            if (_isPinned)
            {
                _isPinned = false;
                _map.Release();
            }
        }
    }

    /// <summary>Closes without writing.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            CloseWriterLocked();
        }

        _map.Retire();
    }

    private bool TryFindIn<TKey>(ReadOnlySpan<byte> entries, long key, Span<byte> entry)
        where TKey : struct, IIndexKey
    {
        int low = 0;
        int high = (entries.Length / _entryBytes) - 1;
        int found = -1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            if (TKey.Read(entries.Slice(middle * _entryBytes, _entryBytes)) <= key)
            {
                found = middle;
                low = middle + 1;
            }
            else
            {
                high = middle - 1;
            }
        }

        if (found < 0)
        {
            return false;
        }

        entries.Slice(found * _entryBytes, _entryBytes).CopyTo(entry);
        return true;
    }

    private void AcquireMapLocked()
    {
        if (!_map.TryAcquire())
        {
            throw new LogOfflineException($"The index '{Path}' is closed.");
        }

        if (_map.Span.Length < (long)_filed * _entryBytes)
        {
            // Mapped before the file grew.
            _map.Release();
            _map.CloseIfIdle();
            if (!_map.TryAcquire())
            {
                throw new LogOfflineException($"The index '{Path}' is closed.");
            }
        }
    }

    private bool TryFileTailLocked()
    {
        try
        {
            WriteLocked(static (index, file) => index.FileTailLocked(file));
            return true;
        }
        catch (StorageException)
        {
            return false; // a cache: the entries stay in memory, and recovery rebuilds what never reached the file
        }
    }

    private void FileTailLocked(IStorageFile file)
    {
        if (_tailCount > 0)
        {
            file.Write((long)_filed * _entryBytes, _tail.AsSpan(0, _tailCount * _entryBytes));
            _filed += _tailCount;
            _tailCount = 0;
        }
    }

    private void WriteLocked(Action<IndexFile, IStorageFile> write)
    {
        _writer ??= new WriteHandle(
            new LeasedFile(_device, Path, _files) { Mode = StorageOpenMode.OpenOrCreate }, _files, isHeld: false);
        IStorageFile file = _writer.Begin();
        try
        {
            write(this, file);
        }
        finally
        {
            _writer.Done();
        }
    }

    private void CloseWriterLocked()
    {
        _writer?.Close();
        _writer?.File.Retire();
        _writer = null;
    }
}
