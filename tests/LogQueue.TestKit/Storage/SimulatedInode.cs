namespace LogQueue.TestKit.Storage;

/// <summary>
/// The content of one simulated file: what is in the page cache, and per 512-byte sector what the disk held before the first unsynced
/// change. Guarded by its device's lock.
/// </summary>
internal sealed class SimulatedInode
{
    internal const int SectorBytes = 512;

    private readonly Dictionary<long, byte[]> _unsynced = [];
    private readonly Dictionary<long, byte[]> _lost = [];
    private long _lastWriteEnd;
    private bool _lastWriteUnsynced;

    internal byte[] Bytes { get; private set; } = [];

    internal long Length { get; private set; }

    internal long DurableLength { get; private set; }

    internal int UnsyncedSectors => _unsynced.Count;

    internal void Write(long position, ReadOnlySpan<byte> source)
    {
        if (source.IsEmpty)
        {
            return;
        }

        long end = position + source.Length;
        Reserve(end);
        RememberRange(position, end);
        source.CopyTo(Bytes.AsSpan((int)position));
        Length = Math.Max(Length, end);
        _lastWriteEnd = end;
        _lastWriteUnsynced = true;
    }

    internal void SetLength(long length)
    {
        Reserve(length);
        if (length < Length)
        {
            RememberRange(length, Length);
            Bytes.AsSpan((int)length, (int)(Length - length)).Clear();
        }

        Length = length;
    }

    /// <summary>Makes everything durable, except what an earlier failed sync dropped.</summary>
    internal void Sync()
    {
        _unsynced.Clear();
        DurableLength = Length;
        _lastWriteUnsynced = false;
    }

    /// <summary>A failed sync: the pages look clean and readable, but never reach the disk.</summary>
    internal void FailSync()
    {
        foreach ((long sector, byte[] old) in _unsynced)
        {
            _lost.TryAdd(sector, old);
        }

        _unsynced.Clear();
        _lastWriteUnsynced = false;
    }

    /// <summary>Forgets the cache: what a failed sync dropped is now seen as the disk has it.</summary>
    internal void DropCache()
    {
        foreach ((long sector, byte[] old) in _lost)
        {
            Restore(sector, old, 0);
        }

        _lost.Clear();
    }

    /// <summary>What the disk holds after a power cut: each unsynced sector old or new, the last one maybe torn, the length old or new.</summary>
    internal SimulatedInode Crash(Random random, double keep)
    {
        var after = new SimulatedInode();
        long length = Length == DurableLength || random.NextDouble() < keep ? Length : DurableLength;
        after.Reserve(Math.Max(length, Length));
        Bytes.AsSpan(0, (int)Math.Min(Length, after.Bytes.Length)).CopyTo(after.Bytes);
        long tornSector = _lastWriteUnsynced && random.Next(2) == 0 ? (_lastWriteEnd - 1) / SectorBytes : -1;
        foreach ((long sector, byte[] old) in _unsynced.OrderBy(static s => s.Key))
        {
            if (sector == tornSector)
            {
                int kept = random.Next(SectorBytes);
                after.Restore(sector, old, kept);
            }
            else if (random.NextDouble() >= keep)
            {
                after.Restore(sector, old, 0);
            }
        }

        foreach ((long sector, byte[] old) in _lost)
        {
            after.Restore(sector, old, 0);
        }

        if (length < after.Bytes.Length)
        {
            after.Bytes.AsSpan((int)length).Clear();
        }

        after.Length = length;
        after.DurableLength = length;
        return after;
    }

    /// <summary>A copy of what is in the page cache, all of it durable.</summary>
    internal SimulatedInode Copy()
    {
        var copy = new SimulatedInode { Bytes = [.. Bytes], Length = Length, DurableLength = Length };
        return copy;
    }

    /// <summary>Flips a bit on the disk (and in the cache).</summary>
    internal void FlipBit(long bit) => Bytes[bit / 8] ^= (byte)(1 << (int)(bit % 8));

    private void Restore(long sector, byte[] old, int keptPrefix)
    {
        long start = sector * SectorBytes;
        int count = (int)Math.Min(SectorBytes, Bytes.Length - start);
        if (count > keptPrefix)
        {
            old.AsSpan(keptPrefix, count - keptPrefix).CopyTo(Bytes.AsSpan((int)start + keptPrefix));
        }
    }

    private void RememberRange(long from, long to)
    {
        for (long sector = from / SectorBytes; sector * SectorBytes < to; sector++)
        {
            if (!_unsynced.ContainsKey(sector))
            {
                byte[] old = new byte[SectorBytes];
                long start = sector * SectorBytes;
                int count = (int)Math.Clamp(Bytes.Length - start, 0, SectorBytes);
                Bytes.AsSpan((int)start, count).CopyTo(old);
                _unsynced[sector] = _lost.Remove(sector, out byte[]? lost) ? lost : old;
            }
        }
    }

    private void Reserve(long length)
    {
        if (length > Bytes.Length)
        {
            byte[] grown = new byte[Math.Max((length + SectorBytes - 1) / SectorBytes * SectorBytes, Bytes.Length + (Bytes.Length / 2))];
            Bytes.CopyTo(grown, 0);
            Bytes = grown;
        }
    }
}
