using LogQueue.Records;
using LogQueue.Records.Checksums;
using LogQueue.Storage.Files;
using LogQueue.Wire.Memory;

namespace LogQueue.Storage.Segments;

/// <summary>
/// Walks a log file from its first byte and tells intact batches from damage. Used by one caller.
/// </summary>
/// <remarks>
/// A batch is intact when its length, magic, checksum and base offset are right and, where the epochs are known, its leader epoch. In a
/// block whose seal does not match, the 17 bytes before the checksum's range must be proved as well: by continuity without gaps and by the
/// epochs; without that proof the batch counts as damaged. Behind damage the walk goes on at the first batch that is followed by the batch
/// after it (or by the end): one batch alone may lie about its own offset. Nothing is written.
/// </remarks>
internal sealed class SegmentExaminer(IStorageFile log, long baseOffset, long end, long nextOffset, bool allowGaps)
{
    private const long MostWastedBytes = 1L << 30;

    private readonly List<SegmentHole> _holes = [];
    private HashSet<long>? _badBlocks;

    /// <summary>The seal's block checksums; null when there is no seal to trust.</summary>
    public uint[]? BlockChecksums { get; init; }

    /// <summary>The leader epoch that belongs to an offset; null when unknown.</summary>
    public Func<long, int>? EpochOf { get; init; }

    /// <summary>Hears every intact batch with its position; may be null.</summary>
    public Action<long, ReadOnlyMemory<byte>>? Intact { get; init; }

    /// <summary>The damaged stretches in order; empty when every byte is right.</summary>
    public IReadOnlyList<SegmentHole> Run()
    {
        _badBlocks = BlockChecksums is null ? null : FindBadBlocks(log, BlockChecksums, end);
        if (_badBlocks is { Count: 0 } && Intact is null)
        {
            return [];
        }

        long position = 0;
        long expected = baseOffset;
        while (position < end && Walk(ref position, ref expected, out string what))
        {
            (long resume, long offset) = FindIntact(log, position, expected, end, nextOffset, allowGaps, end, EpochOf);
            AddHole(new SegmentHole(position, resume, expected, offset, what));
            position = resume;
            expected = offset;
        }

        if (expected < nextOffset && !allowGaps)
        {
            AddHole(new SegmentHole(end, end, expected, nextOffset, "the last batches are missing"));
        }

        return _holes;
    }

    /// <summary>The blocks of a file that are not what their checksums say.</summary>
    internal static HashSet<long> FindBadBlocks(IStorageFile log, ReadOnlySpan<uint> checksums, long bytes)
    {
        HashSet<long> bad = [];
        using PooledBuffer buffer = PooledBuffer.Rent(SegmentSeal.BlockBytes);
        for (int i = 0; i < checksums.Length; i++)
        {
            if (!IsBlockRight(log, checksums[i], i, bytes, buffer.Span))
            {
                bad.Add(i);
            }
        }

        return bad;
    }

    /// <summary>True when one block is what its checksum says.</summary>
    internal static bool IsBlockRight(IStorageFile log, uint checksum, long block, long bytes, Span<byte> buffer)
    {
        long position = block * SegmentSeal.BlockBytes;
        Span<byte> content = buffer[..(int)Math.Min(SegmentSeal.BlockBytes, bytes - position)];
        return log.Read(position, content) == content.Length && Crc32C.Compute(content) == checksum;
    }

    /// <summary>
    /// Where the log goes on behind damage: the position and base offset of the first batch that can be trusted; the end and
    /// <paramref name="nextOffset"/> when there is none.
    /// </summary>
    internal static (long Position, long BaseOffset) FindIntact(IStorageFile log, long damaged, long expected, long end, long nextOffset,
        bool allowGaps, long dataEnd, Func<long, int>? epochOf)
    {
        using var probe = new BatchProbe(log, end);
        ReadOnlySpan<byte> header = probe.Peek(damaged, RecordBatchLayout.HeaderBytes);
        if (header.Length == RecordBatchLayout.HeaderBytes && RecordBatchView.TryReadSize(header, out int size))
        {
            // Its own header tells where the next one is, if length and last offset agree: a wrong length may lead to a later batch.
            long follows = expected + new RecordBatchView(header).LastOffsetDelta + 1;
            if (IsTrusted(probe, damaged + size, expected, end, nextOffset, allowGaps, dataEnd, epochOf) is { } next
                && (allowGaps || next == follows))
            {
                return (damaged + size, next);
            }
        }

        for (long at = damaged + 1; probe.WastedBytes < MostWastedBytes; at++)
        {
            at = probe.FindHeader(at, expected, nextOffset);
            if (at >= end)
            {
                break;
            }

            if (IsTrusted(probe, at, expected, end, nextOffset, allowGaps, dataEnd, epochOf) is { } found)
            {
                return (at, found);
            }
        }

        return (end, nextOffset);
    }

    private static long? IsTrusted(BatchProbe probe, long position, long expected, long end, long nextOffset, bool allowGaps, long dataEnd,
        Func<long, int>? epochOf)
    {
        if (!probe.TryRead(position, expected, nextOffset, out ProbedBatch batch) || !HasRightEpoch(batch, epochOf))
        {
            return null;
        }

        long found = batch.BaseOffset;
        long next = batch.NextOffset;
        long after = position + batch.SizeBytes;
        if (after >= Math.Min(end, dataEnd))
        {
            return next == nextOffset || allowGaps || nextOffset == long.MaxValue ? found : null;
        }

        return probe.TryRead(after, next, nextOffset, out ProbedBatch second) && (allowGaps || second.BaseOffset == next)
            && HasRightEpoch(second, epochOf) ? found : null;
    }

    private static bool HasRightEpoch(ProbedBatch batch, Func<long, int>? epochOf) =>
        epochOf is null || epochOf(batch.BaseOffset) == batch.LeaderEpoch;

    /// <summary>Walks intact batches; true when it met damage at the position, false at the end.</summary>
    private bool Walk(ref long position, ref long expected, out string what)
    {
        using var scanner = new SegmentScanner(log, position, end, expected, allowGaps) { IsAnchored = true, EpochOf = EpochOf };
        long previousPosition = -1;
        long previousExpected = -1;
        while (true)
        {
            long before = scanner.NextOffset;
            if (!scanner.MoveNext())
            {
                break;
            }

            if (!IsProved(scanner.Position, scanner.Current.Length))
            {
                (position, expected) = (scanner.Position, before);
                what = $"the seal's checksum of block {scanner.Position / SegmentSeal.BlockBytes} does not match";
                return true;
            }

            Intact?.Invoke(scanner.Position, scanner.CurrentMemory);
            (previousPosition, previousExpected) = (scanner.Position, before);
        }

        (position, expected, what) = (scanner.Position, scanner.NextOffset, scanner.StopReason ?? "");
        if (scanner.StopReason is null)
        {
            return false;
        }

        if (allowGaps && previousPosition >= 0 && scanner.IsOffsetBehind && Intact is null)
        {
            (position, expected) = (previousPosition, previousExpected); // with gaps, either of the two may be the one that lies
        }

        return true;
    }

    private bool IsProved(long position, int bytes)
    {
        if (_badBlocks is not { Count: > 0 } || (!allowGaps && EpochOf is not null))
        {
            return true;
        }

        for (long block = position / SegmentSeal.BlockBytes; block <= (position + bytes - 1) / SegmentSeal.BlockBytes; block++)
        {
            if (_badBlocks.Contains(block))
            {
                return false;
            }
        }

        return true;
    }

    private void AddHole(SegmentHole hole)
    {
        if (_holes is [.., { } last] && last.ToPosition == hole.FromPosition)
        {
            _holes[^1] = last with { ToPosition = hole.ToPosition, ToOffset = hole.ToOffset };
            return;
        }

        _holes.Add(hole);
    }
}
