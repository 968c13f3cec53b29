using System.Numerics;
using LogQueue.Storage.Files;
using LogQueue.Wire.Memory;

namespace LogQueue.Storage.Segments;

/// <summary>
/// Which bytes of a segment were checked since this process opened it. What was written or scanned by this process counts as checked;
/// what was taken over from a seal or a checkpoint is checked in blocks of 64 KiB when it is first served, then never again. Checked
/// blocks cost a few loads and allocate nothing; the bitmap (2 KiB per GiB) goes when all is checked. Thread-safe.
/// </summary>
internal sealed class SegmentIntegrity(IStorageDevice device, LogSegment segment)
{
    private readonly Lock _lock = new();
    private long _uncheckedEnd;
    private bool _isSealed;
    private long[] _checked = [];
    private uint[]? _checksums;
    private bool _isPinned;

    /// <summary>Bytes below it may not have been checked yet; 0 when everything was.</summary>
    public long UncheckedEnd => Volatile.Read(ref _uncheckedEnd);

    /// <summary>The leader epoch of an offset, for bytes that have no seal; null when unknown.</summary>
    public Func<long, int>? EpochOf { get; set; }

    /// <summary>True when offsets may be missing between two batches.</summary>
    public bool AllowGaps { get; set; } = true;

    /// <summary>The block checksums of its seal; null when it has none that can be read. Only while something is unchecked.</summary>
    public uint[]? BlockChecksums => _isSealed && UncheckedEnd is > 0 and long size ? LoadChecksums(size) : null;

    /// <summary>The offset after the last batch that may not have been checked yet.</summary>
    public long UncheckedNextOffset { get; private set; }

    /// <summary>
    /// Nothing below a position (a batch boundary, the offset after which is given) was checked yet. Before anybody reads the segment.
    /// </summary>
    public void Distrust(long end, long nextOffset, bool isSealed)
    {
        lock (_lock)
        {
            _checksums = null;
            _isSealed = isSealed;
            UncheckedNextOffset = nextOffset;
            _checked = new long[(end / SegmentSeal.BlockBytes / 64) + 1];
            Volatile.Write(ref _uncheckedEnd, end);
        }
    }

    /// <summary>Everything was checked, or its damage is known.</summary>
    public void TrustAll()
    {
        lock (_lock)
        {
            Volatile.Write(ref _uncheckedEnd, 0);
            _checksums = null;
        }
    }

    /// <summary>
    /// The name of its seal may become another segment's: the seal is read now if it is needed, and no more by its name. Throws
    /// <see cref="StorageException"/>.
    /// </summary>
    public void Pin()
    {
        lock (_lock)
        {
            _ = BlockChecksums;
            _isPinned = true;
        }
    }

    /// <summary>Ends <see cref="Pin"/>: the name is still that of its seal.</summary>
    public void Unpin()
    {
        lock (_lock)
        {
            _isPinned = false;
        }
    }

    /// <summary>
    /// True when all bytes of the range are right; checks what was not checked yet. The caller holds a lease on the log file.
    /// Throws <see cref="StorageException"/> when the disk fails.
    /// </summary>
    public bool Check(long from, long to)
    {
        long end = Math.Min(to, UncheckedEnd);
        if (from >= end || PlantedBugs.IsOn(PlantedBug.SkipReadVerify))
        {
            return true;
        }

        long[] bits = Volatile.Read(ref _checked);
        bool isNew = false;
        for (long block = from / SegmentSeal.BlockBytes; block <= (end - 1) / SegmentSeal.BlockBytes; block++)
        {
            if ((Volatile.Read(ref bits[block / 64]) & (1L << (int)(block % 64))) == 0)
            {
                if (!CheckBlock(block))
                {
                    return false;
                }

                Interlocked.Or(ref bits[block / 64], 1L << (int)(block % 64));
                isNew = true;
            }
        }

        if (isNew)
        {
            TrustIfAllChecked(bits);
        }

        return true;
    }

    private void TrustIfAllChecked(long[] bits)
    {
        long blocks = 0;
        foreach (long word in bits)
        {
            blocks += BitOperations.PopCount((ulong)word);
        }

        lock (_lock)
        {
            if (ReferenceEquals(bits, _checked) && blocks * SegmentSeal.BlockBytes >= UncheckedEnd)
            {
                TrustAll();
            }
        }
    }

    private bool CheckBlock(long block)
    {
        long size = UncheckedEnd;
        if (size == 0)
        {
            return true; // somebody else checked all of it meanwhile
        }

        uint[]? checksums = _isSealed ? LoadChecksums(size) : null;
        if (checksums is null)
        {
            return CheckBatches(block * SegmentSeal.BlockBytes, (block + 1) * SegmentSeal.BlockBytes, size);
        }

        using PooledBuffer buffer = PooledBuffer.Rent(SegmentSeal.BlockBytes);
        return SegmentExaminer.IsBlockRight(segment.Log.File, checksums[block], block, size, buffer.Span);
    }

    private uint[]? LoadChecksums(long size)
    {
        lock (_lock)
        {
            if (_checksums is null && !_isPinned && SegmentSeal.TryLoad(device, segment.PathOf(SegmentFileName.Seal)) is { } seal
                && seal.LogBytes == size)
            {
                _checksums = seal.BlockChecksums;
            }

            return _checksums;
        }
    }

    /// <summary>
    /// Without a seal: the batches that lie in the range, from an index entry before it on, so that each follows its neighbour.
    /// </summary>
    private bool CheckBatches(long from, long to, long size)
    {
        long start = segment.OffsetIndex.FindBatchAtOrBelow(from);
        start = start == 0 ? 0 : segment.OffsetIndex.FindBatchAtOrBelow(start - 1);
        using var scanner = new SegmentScanner(segment.Log.File, start, size, segment.BaseOffset, AllowGaps)
        {
            IsAnchored = start == 0,
            EpochOf = EpochOf,
        };
        while (scanner.MoveNext())
        {
            if (scanner.Position >= to)
            {
                return true; // one batch more than asked for: it proves the offset of the last one
            }
        }

        return scanner.StopReason is null && scanner.NextOffset == UncheckedNextOffset;
    }
}
