using System.Buffers.Binary;
using LogQueue.Storage.Files;

namespace LogQueue.Storage.Indexes;

/// <summary>One aborted transaction.</summary>
/// <param name="ProducerId">Its producer.</param>
/// <param name="FirstOffset">Its first record in this partition.</param>
/// <param name="LastOffset">Its abort marker.</param>
/// <param name="LastStableOffset">The last stable offset after the abort.</param>
internal readonly record struct AbortedEntry(long ProducerId, long FirstOffset, long LastOffset, long LastStableOffset);

/// <summary>
/// The aborted transactions whose marker lies in a segment, in Kafka's format: entries of 34 bytes, big-endian: int16 version 0, int64
/// producer id, int64 first offset, int64 last offset, int64 last stable offset. The file exists only when there are any. Thread-safe.
/// </summary>
internal sealed class TransactionIndex(IStorageDevice device, string path)
{
    internal const int EntryBytes = 34;

    private readonly Lock _lock = new();
    private readonly Lock _saving = new(); // a checkpoint and a seal may save at the same time, through the same temporary file
    private List<AbortedEntry>? _entries;
    private bool _isDirty;

    /// <summary>Reads the file; stops at the first entry that cannot be right.</summary>
    public void Load()
    {
        byte[]? bytes = device.ReadWhole(path);
        lock (_lock)
        {
            _isDirty = bytes is not null; // a process that died may have left it in the page cache only
            _entries = null;
            for (int at = 0; bytes is not null && at + EntryBytes <= bytes.Length; at += EntryBytes)
            {
                ReadOnlySpan<byte> entry = bytes.AsSpan(at, EntryBytes);
                var aborted = new AbortedEntry(
                    BinaryPrimitives.ReadInt64BigEndian(entry[2..]),
                    BinaryPrimitives.ReadInt64BigEndian(entry[10..]),
                    BinaryPrimitives.ReadInt64BigEndian(entry[18..]),
                    BinaryPrimitives.ReadInt64BigEndian(entry[26..]));
                if (BinaryPrimitives.ReadInt16BigEndian(entry) != 0 || aborted.FirstOffset > aborted.LastOffset || aborted.ProducerId < 0)
                {
                    break;
                }

                (_entries ??= []).Add(aborted);
            }
        }
    }

    /// <summary>True while the file may not say durably what this says.</summary>
    public bool IsDirty
    {
        get
        {
            lock (_lock)
            {
                return _isDirty;
            }
        }
    }

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _entries?.Count ?? 0;
            }
        }
    }

    /// <summary>Adds an entry, once: a replay of the log may meet a marker that is in the file already.</summary>
    public void Append(AbortedEntry entry)
    {
        lock (_lock)
        {
            _entries ??= [];
            int at = _entries.Count;
            while (at > 0 && _entries[at - 1].LastOffset >= entry.LastOffset)
            {
                at--;
            }

            if (at == _entries.Count || _entries[at].LastOffset != entry.LastOffset)
            {
                _entries.Insert(at, entry);
                _isDirty = true;
            }
        }
    }

    /// <summary>Drops entries whose marker lies at or past an offset.</summary>
    public void TruncateToOffset(long offset)
    {
        lock (_lock)
        {
            _isDirty |= _entries?.RemoveAll(e => e.LastOffset >= offset) > 0;
        }
    }

    /// <summary>Adds all entries to the list.</summary>
    public void CopyTo(List<AbortedEntry> found)
    {
        lock (_lock)
        {
            found.AddRange(_entries ?? []);
        }
    }

    /// <summary>Adds the transactions that overlap [from, to) to the list.</summary>
    public void Collect(long fromOffset, long toOffset, List<AbortedTransaction> found)
    {
        lock (_lock)
        {
            if (_entries is null)
            {
                return;
            }

            foreach (AbortedEntry e in _entries)
            {
                if (e.LastOffset >= fromOffset && e.FirstOffset < toOffset)
                {
                    found.Add(new AbortedTransaction(e.ProducerId, e.FirstOffset));
                }
            }
        }
    }

    /// <summary>Writes the file, or removes it when there is nothing to say.</summary>
    public void Save(bool sync)
    {
        lock (_saving)
        {
            SaveLocked(sync);
        }
    }

    private void SaveLocked(bool sync)
    {
        byte[] bytes;
        bool wasDirty;
        lock (_lock)
        {
            wasDirty = _isDirty;
            _isDirty &= !sync;
            bytes = ToBytesLocked();
        }

        try
        {
            Write(bytes, sync, wasDirty);
        }
        catch
        {
            lock (_lock)
            {
                _isDirty = true;
            }

            throw;
        }
    }

    private byte[] ToBytesLocked()
    {
        byte[] bytes = new byte[(_entries?.Count ?? 0) * EntryBytes];
        for (int i = 0; i < bytes.Length / EntryBytes; i++)
        {
            AbortedEntry aborted = _entries![i];
            Span<byte> entry = bytes.AsSpan(i * EntryBytes, EntryBytes);
            BinaryPrimitives.WriteInt64BigEndian(entry[2..], aborted.ProducerId);
            BinaryPrimitives.WriteInt64BigEndian(entry[10..], aborted.FirstOffset);
            BinaryPrimitives.WriteInt64BigEndian(entry[18..], aborted.LastOffset);
            BinaryPrimitives.WriteInt64BigEndian(entry[26..], aborted.LastStableOffset);
        }

        return bytes;
    }

    private void Write(byte[] bytes, bool sync, bool wasDirty)
    {
        if (bytes.Length == 0)
        {
            device.DeleteIfExists(path);
            if (sync && wasDirty) // an earlier save may have removed it, and not durably
            {
                device.SyncDirectory(Path.GetDirectoryName(path)!);
            }
        }
        else if (sync)
        {
            device.ReplaceDurably(path, bytes);
        }
        else
        {
            device.ReplaceCache(path, bytes);
        }
    }
}
