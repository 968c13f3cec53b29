using LogQueue.Records;
using LogQueue.Storage.Files;
using LogQueue.Wire.Memory;

namespace LogQueue.Storage.Segments;

/// <summary>
/// Reads a log file batch by batch and checks each: length, magic, checksum, offsets that follow. The first may lie past the expected one,
/// unless it <see cref="IsAnchored"/>: the checksum does not cover the base offset, so a torn write could make it anything.
/// One user at a time.
/// </summary>
internal sealed class SegmentScanner(
    IStorageFile file, long start, long end, long expectedOffset, bool allowGaps) : IDisposable
{
    private const int ChunkBytes = 1 << 20;

    private readonly long _firstOffset = expectedOffset;
    private PooledBuffer _buffer = PooledBuffer.Rent((int)Math.Clamp(end - start, RecordBatchLayout.HeaderBytes, ChunkBytes));
    private long _bufferStart;
    private int _bufferBytes;
    private int _currentBytes;

    /// <summary>True when the first batch, too, must begin at the expected offset (unless gaps are allowed).</summary>
    public bool IsAnchored { get; init; }

    /// <summary>
    /// The leader epoch that a batch at an offset must have; null when that is not known. The checksum does not cover it.
    /// </summary>
    public Func<long, int>? EpochOf { get; init; }

    /// <summary>What the file must hold at a place, and that no offset is missing behind it; null when nothing is known.</summary>
    public TailAnchor? Anchor { get; init; }

    /// <summary>Where the current batch starts; after the end, where whole batches end.</summary>
    public long Position { get; private set; } = start;

    /// <summary>The offset after the last whole batch.</summary>
    public long NextOffset { get; private set; } = expectedOffset;

    /// <summary>Whole batches met so far.</summary>
    public long BatchCount { get; private set; }

    /// <summary>Why the scan stopped before the end of the file; null when it reached the end.</summary>
    public string? StopReason { get; private set; }

    /// <summary>The current batch, whole and checked; valid until the next move.</summary>
    public Span<byte> Current => _buffer.Span.Slice((int)(Position - _bufferStart), _currentBytes);

    /// <summary>The current batch as memory, valid as long.</summary>
    public ReadOnlyMemory<byte> CurrentMemory => _buffer.Memory.Slice((int)(Position - _bufferStart), _currentBytes);

    /// <summary>True when the scan stopped at a whole batch whose offset lies below the one before.</summary>
    public bool IsOffsetBehind { get; private set; }

    /// <summary>Moves to the next batch; false at the end of the file or of what is right.</summary>
    public bool MoveNext()
    {
        Position += _currentBytes;
        _currentBytes = 0;
        long left = end - Position;
        if (left == 0)
        {
            return false;
        }

        if (left < RecordBatchLayout.HeaderBytes || !Fill(RecordBatchLayout.HeaderBytes))
        {
            return Stop($"{left} bytes are too few for a batch header");
        }

        if (!RecordBatchView.TryReadSize(_buffer.Span[(int)(Position - _bufferStart).._bufferBytes], out int size) || size > left)
        {
            return Stop("no batch of a possible length");
        }

        if (!Fill(size))
        {
            return Stop("the file ends inside a batch");
        }

        _currentBytes = size;
        var batch = new RecordBatchView(Current);
        string? wrong = batch.Magic != 2 ? $"magic {batch.Magic}"
            : batch.NextOffset <= batch.BaseOffset || batch.BaseOffset < NextOffset || batch.LastOffset - _firstOffset > int.MaxValue
                || ((!allowGaps || Position >= Anchor?.Position) && (BatchCount > 0 || IsAnchored) && batch.BaseOffset != NextOffset)
                ? $"base offset {batch.BaseOffset} where {NextOffset} follows"
            : Anchor?.Refutes(Position + size, batch.NextOffset) == true
                ? $"base offset {batch.BaseOffset} where the checkpoint has {Anchor.Value.NextOffset} behind the batch"
            : !batch.IsChecksumValid ? "a wrong checksum"
            : EpochOf is not null && EpochOf(batch.BaseOffset) != batch.PartitionLeaderEpoch
                ? $"leader epoch {batch.PartitionLeaderEpoch} where {EpochOf(batch.BaseOffset)} was current" : null;
        if (wrong is not null)
        {
            IsOffsetBehind = batch.IsChecksumValid && batch.BaseOffset < NextOffset;
            _currentBytes = 0;
            return Stop(wrong);
        }

        NextOffset = batch.NextOffset;
        BatchCount++;
        return true;
    }

    public void Dispose() => _buffer.Dispose();

    private bool Stop(string reason)
    {
        StopReason = reason;
        return false;
    }

    private bool Fill(int wanted)
    {
        int offset = (int)(Position - _bufferStart);
        if (_bufferBytes - offset >= wanted)
        {
            return true;
        }

        if (wanted > _buffer.Length)
        {
            // The length was checked against what is left of the file, so it is no wild number.
            _buffer.Dispose();
            _buffer = PooledBuffer.Rent(wanted);
        }

        _bufferStart = Position;
        _bufferBytes = file.Read(Position, _buffer.Span[..(int)Math.Min(_buffer.Length, end - Position)]);
        return _bufferBytes >= wanted;
    }
}
