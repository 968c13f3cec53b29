using LogQueue.Storage;

namespace LogQueue.TestKit.Storage;

/// <summary>
/// The content of one simulated file: what is in the page cache, per 512-byte sector what the disk held before the first unsynced change,
/// and where the disk differs from a cache that looks clean. Copies share their bytes until one of them writes. Guarded by its device's
/// lock.
/// </summary>
internal sealed class SimulatedInode
{
    internal const int SectorBytes = 512;

    private static readonly byte[] Zeros = new byte[SectorBytes];

    private Dictionary<int, byte[]>? _unsynced;
    private Dictionary<int, byte[]>? _beforeSync;
    private Dictionary<int, byte[]>? _divergent;
    private (long Position, long WrongPosition, byte[] Bytes)? _misdirected;
    private byte[] _bytes = [];
    private bool _isShared;
    private long _lastWriteStart;
    private long _lastWriteEnd;

    /// <summary>The page cache; longer than <see cref="Length"/>, zeros behind it. Not to be written.</summary>
    internal byte[] Bytes => _bytes;

    internal long Length { get; private set; }

    internal long DurableLength { get; private set; }

    /// <summary>True when a power cut cannot change anything.</summary>
    internal bool IsSettled => _unsynced is null or { Count: 0 } && _divergent is null or { Count: 0 } && Length == DurableLength;

    internal void Write(long position, ReadOnlySpan<byte> source)
    {
        if (source.IsEmpty)
        {
            return;
        }

        long end = position + source.Length;
        Own(Math.Max(end, Length));
        RememberRange(position, end);
        source.CopyTo(_bytes.AsSpan((int)position));
        Length = Math.Max(Length, end);
        _lastWriteStart = position;
        _lastWriteEnd = end;
    }

    /// <summary>A write that the disk puts elsewhere: the cache is right, the disk is wrong in two places.</summary>
    internal void Misdirect(long position, long wrongPosition, ReadOnlySpan<byte> source)
    {
        Write(position, source);
        _misdirected = (position, wrongPosition, source.ToArray());
    }

    internal void SetLength(long length)
    {
        Own(Math.Max(length, Length));
        if (length < Length)
        {
            RememberRange(length, Length);
            _bytes.AsSpan((int)length, (int)(Length - length)).Clear();
        }

        Length = length;
    }

    /// <summary>Makes everything durable, except what the disk lost or misplaced without a word.</summary>
    internal void Sync()
    {
        if (_unsynced is { Count: > 0 })
        {
            (_beforeSync, _unsynced) = (_unsynced, _beforeSync);
            _unsynced?.Clear();
        }

        DurableLength = Length;
        _lastWriteEnd = 0;
        if (_misdirected is { } m)
        {
            _misdirected = null;
            Diverge(m.Position, m.WrongPosition, m.Bytes);
        }
    }

    /// <summary>
    /// A failed sync: each page reached the disk or did not; all look clean and stay readable until <see cref="DropCache"/>.
    /// </summary>
    internal void FailSync(Random random)
    {
        if (_unsynced is { Count: > 0 })
        {
            _divergent ??= [];
            foreach ((int sector, byte[] old) in _unsynced)
            {
                if (random.Next(4) != 0)
                {
                    _divergent.TryAdd(sector, old);
                }
            }

            _unsynced.Clear();
        }

        DurableLength = random.Next(2) == 0 ? Length : DurableLength;
        _lastWriteEnd = 0;
    }

    /// <summary>How often the kernel failed to write pages in the background: each open handle hears of it once, those opened later do not.</summary>
    internal int LostWrites { get; private set; }

    /// <summary>Throws what a handle is told that has not heard of all of them.</summary>
    internal void TellLostWrites(string path, ref int told)
    {
        if (told < LostWrites)
        {
            told = LostWrites;
            throw new StorageException(StorageError.InputOutput, "fdatasync", path, "simulated: pages could not be written");
        }
    }

    /// <summary>The kernel writes pages in the background, and that fails: as a failed sync, but nobody is told yet.</summary>
    internal void FailWriteBack(Random random)
    {
        FailSync(random);
        LostWrites++;
    }

    /// <summary>The page cache is dropped: from now on reads see the disk.</summary>
    internal void DropCache()
    {
        if (_divergent is { Count: > 0 })
        {
            Own(Length);
            foreach ((int sector, byte[] disk) in _divergent)
            {
                Restore(sector, disk, 0);
            }

            _divergent.Clear();
        }
    }

    /// <summary>What a disk returns that lost its last write of these sectors: the content before the last sync.</summary>
    internal void ReadStale(long position, Span<byte> destination)
    {
        foreach ((int sector, byte[] old) in _beforeSync ?? [])
        {
            long start = (long)sector * SectorBytes;
            long from = Math.Max(start, position);
            long to = Math.Min(start + SectorBytes, position + destination.Length);
            if (from < to)
            {
                old.AsSpan((int)(from - start), (int)(to - from)).CopyTo(destination[(int)(from - position)..]);
            }
        }
    }

    /// <summary>
    /// What the disk holds after a power cut: each unsynced sector old or new; of the last write also torn at a byte, or garbage in the
    /// bytes that it wrote; the length old or new.
    /// </summary>
    internal SimulatedInode Crash(Random random, double keep)
    {
        if (IsSettled)
        {
            return Copy();
        }

        long length = Length == DurableLength || random.NextDouble() < keep ? Length : DurableLength;
        var after = new SimulatedInode { Length = length, DurableLength = length };
        after._bytes = new byte[RoundUp(Math.Max(length, Length))];
        _bytes.AsSpan(0, (int)Length).CopyTo(after._bytes);
        foreach ((int sector, byte[] old) in _unsynced ?? [])
        {
            bool isInFlight = _lastWriteEnd > 0 && sector >= _lastWriteStart / SectorBytes && sector <= (_lastWriteEnd - 1) / SectorBytes;
            int fate = isInFlight ? random.Next(8) : 2;
            switch (fate)
            {
                case 0:
                    after.Restore(sector, old, random.Next(SectorBytes));
                    break;
                case 1:
                    after.Garble(sector, _lastWriteStart, _lastWriteEnd, random);
                    break;
                default:
                    if (random.NextDouble() >= keep)
                    {
                        after.Restore(sector, old, 0);
                    }

                    break;
            }
        }

        foreach ((int sector, byte[] disk) in _divergent ?? [])
        {
            after.Restore(sector, disk, 0);
        }

        after._bytes.AsSpan((int)length).Clear();
        return after;
    }

    /// <summary>A copy of what is in the page cache, all of it durable.</summary>
    internal SimulatedInode Copy()
    {
        _isShared = true;
        return new SimulatedInode { _bytes = _bytes, _isShared = true, Length = Length, DurableLength = Length };
    }

    /// <summary>Flips a bit on the disk (and in the cache).</summary>
    internal void FlipBit(long bit)
    {
        Own(Length);
        _bytes[bit / 8] ^= (byte)(1 << (int)(bit % 8));
    }

    private static int RoundUp(long length) => checked((int)((length + SectorBytes - 1) / SectorBytes * SectorBytes));

    private void Diverge(long position, long wrongPosition, byte[] bytes)
    {
        _divergent ??= [];
        foreach ((int sector, byte[] old) in _beforeSync ?? [])
        {
            if (sector >= position / SectorBytes && sector <= (position + bytes.Length - 1) / SectorBytes)
            {
                _divergent.TryAdd(sector, old);
            }
        }

        long end = Math.Min(wrongPosition + bytes.Length, Length);
        for (int sector = (int)(wrongPosition / SectorBytes); (long)sector * SectorBytes < end; sector++)
        {
            if (!_divergent.TryGetValue(sector, out byte[]? disk))
            {
                disk = [.. _bytes.AsSpan(sector * SectorBytes, SectorBytes)];
            }

            long start = (long)sector * SectorBytes;
            long from = Math.Max(start, wrongPosition);
            bytes.AsSpan((int)(from - wrongPosition), (int)(Math.Min(start + SectorBytes, end) - from)).CopyTo(disk.AsSpan((int)(from - start)));
            _divergent[sector] = disk;
        }
    }

    private void Restore(int sector, byte[] old, int keptPrefix)
    {
        long start = (long)sector * SectorBytes;
        int count = (int)Math.Min(SectorBytes, _bytes.Length - start);
        if (count > keptPrefix)
        {
            old.AsSpan(keptPrefix, count - keptPrefix).CopyTo(_bytes.AsSpan((int)start + keptPrefix));
        }
    }

    /// <summary>Only bytes of the write itself: disks leave the neighbours of what they write alone (as SQLite assumes, too).</summary>
    private void Garble(int sector, long writeStart, long writeEnd, Random random)
    {
        long start = Math.Max((long)sector * SectorBytes, writeStart);
        long end = Math.Min(Math.Min((long)(sector + 1) * SectorBytes, writeEnd), _bytes.Length);
        if (start < end)
        {
            random.NextBytes(_bytes.AsSpan((int)start, (int)(end - start)));
        }
    }

    private void RememberRange(long from, long to)
    {
        _unsynced ??= [];
        for (int sector = (int)(from / SectorBytes); (long)sector * SectorBytes < to; sector++)
        {
            if (_unsynced.ContainsKey(sector))
            {
                continue;
            }

            byte[]? disk = null;
            if (_divergent?.Remove(sector, out disk) != true)
            {
                Span<byte> now = _bytes.AsSpan(sector * SectorBytes, SectorBytes);
                disk = now.ContainsAnyExcept((byte)0) ? now.ToArray() : Zeros;
            }

            _unsynced[sector] = disk!;
        }
    }

    /// <summary>Makes the bytes this file's own, and room for a length.</summary>
    private void Own(long length)
    {
        if (length > _bytes.Length)
        {
            byte[] grown = new byte[RoundUp(Math.Max(length, _bytes.Length + (_bytes.Length / 2)))];
            _bytes.AsSpan(0, (int)Length).CopyTo(grown);
            _bytes = grown;
            _isShared = false;
        }
        else if (_isShared)
        {
            _bytes = [.. _bytes];
            _isShared = false;
        }
    }
}
