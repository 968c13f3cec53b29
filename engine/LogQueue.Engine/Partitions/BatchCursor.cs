using LogQueue.Records;
using LogQueue.Storage;
using LogQueue.Wire;
using LogQueue.Wire.Memory;

namespace LogQueue.Engine.Partitions;

/// <summary>
/// Walks a log batch by batch, a slice of the file at a time, and verifies each checksum. Memory of the current batch is valid until the
/// next step.
/// One task at a time.
/// </summary>
internal sealed class BatchCursor(Func<long, ReadResult> read, long fromOffset) : IDisposable
{
    /// <summary>A good read for a loop: large enough for the disk, small enough for the cache.</summary>
    public const int ReadBytes = 1 << 20;

    private readonly AbortedFilter _aborted = new();
    private PooledBuffer? _buffer;
    private int _position;

    /// <summary>The offset after the last batch that was returned: where a new cursor would go on.</summary>
    public long NextOffset { get; private set; } = fromOffset;

    /// <summary>Outcome of the last read; not Ok ends the walk.</summary>
    public ReadResult LastRead { get; private set; }

    /// <summary>The current batch: whole, with its header.</summary>
    public ReadOnlyMemory<byte> Current { get; private set; }

    /// <summary>True when readers of records do not see the current batch: control records, or of an aborted transaction.</summary>
    public bool IsCurrentHidden { get; private set; }

    /// <summary>Goes to the next batch; false when the readable end is reached or the read failed. May be called again later.</summary>
    public bool MoveNext()
    {
        // The last batch of a slice stays readable until this step.
        if (_buffer is { } spent && _position == spent.Length)
        {
            Release();
        }

        if (_buffer is null && !Fill())
        {
            return false;
        }

        Memory<byte> rest = _buffer!.Memory[_position..];
        if (!RecordBatchView.TryReadSize(rest.Span, out int sizeBytes) || sizeBytes < RecordBatchLayout.HeaderBytes
            || sizeBytes > rest.Length)
        {
            throw new CorruptRecordException($"The batch at offset {NextOffset} has no whole header: its length field is wrong.");
        }

        var batch = new RecordBatchView(rest.Span[..sizeBytes]);
        if (!batch.IsChecksumValid)
        {
            throw new CorruptRecordException(
                $"The batch at offset {NextOffset} has checksum {batch.ComputeCrc():x8}, its header says {batch.Crc:x8}: its bytes are damaged.");
        }

        Current = rest[..sizeBytes];
        _position += sizeBytes;
        NextOffset = batch.NextOffset;
        IsCurrentHidden = _aborted.IsAborted(batch) || batch.IsControl;
        return true;
    }

    /// <summary>Gives the buffer back.</summary>
    public void Dispose() => Release();

    private bool Fill()
    {
        LastRead = read(NextOffset);
        using RecordSlice slice = LastRead.Records;
        if (LastRead.Status != ReadStatus.Ok || slice.IsEmpty)
        {
            return false;
        }

        _buffer = PooledBuffer.Rent(slice.LengthBytes);
        _position = 0;
        slice.CopyTo(_buffer.Span);
        _aborted.Begin(LastRead.AbortedTransactions);
        return true;
    }

    private void Release()
    {
        _buffer?.Dispose();
        _buffer = null;
        Current = default;
    }
}
