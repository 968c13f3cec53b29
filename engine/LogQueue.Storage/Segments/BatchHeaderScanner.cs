using LogQueue.Records;
using LogQueue.Storage.Files;
using LogQueue.Wire.Memory;

namespace LogQueue.Storage.Segments;

/// <summary>
/// Walks over batches that were checked a moment ago by their headers alone: of all but control batches only the header is read. Stops at
/// the first header that cannot be right. One user at a time.
/// </summary>
internal sealed class BatchHeaderScanner(IStorageFile file, long start, long end) : IDisposable
{
    private const int WindowBytes = 4096;

    private PooledBuffer _buffer = PooledBuffer.Rent(WindowBytes);
    private long _bufferStart;
    private int _bufferBytes;
    private long _next = start;

    /// <summary>Where the current batch starts.</summary>
    public long Position { get; private set; } = start;

    /// <summary>From the current batch on: its header at least, and the whole of a control batch. Valid until the next move.</summary>
    public ReadOnlySpan<byte> Current => _buffer.Span[(int)(Position - _bufferStart).._bufferBytes];

    /// <summary>Moves to the next batch; false at the end, or where no batch can be.</summary>
    public bool MoveNext()
    {
        Position = _next;
        if (end - Position < RecordBatchLayout.HeaderBytes || !Fill(RecordBatchLayout.HeaderBytes)
            || !RecordBatchView.TryReadSize(Current, out int size) || size > end - Position)
        {
            return false;
        }

        var batch = new RecordBatchView(Current);
        if (batch.Magic != RecordBatchLayout.Magic || (batch.IsControl && !Fill(size)))
        {
            return false;
        }

        _next = Position + size;
        return true;
    }

    public void Dispose() => _buffer.Dispose();

    private bool Fill(int wanted)
    {
        if (Position >= _bufferStart && _bufferStart + _bufferBytes >= Position + wanted)
        {
            return true;
        }

        if (wanted > _buffer.Length)
        {
            _buffer.Dispose();
            _buffer = PooledBuffer.Rent(wanted); // checked against what is left of the file
        }

        _bufferStart = Position;
        _bufferBytes = file.Read(Position, _buffer.Span[..(int)Math.Min(_buffer.Length, end - Position)]);
        return _bufferBytes >= wanted;
    }
}
