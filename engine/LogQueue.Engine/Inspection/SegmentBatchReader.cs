using LogQueue.Records;
using LogQueue.Wire.Memory;
using Microsoft.Win32.SafeHandles;

namespace LogQueue.Engine.Inspection;

/// <summary>Walks the batches of one file with bounded memory, and says where and why it stopped. Not thread-safe.</summary>
internal sealed class SegmentBatchReader : IDisposable
{
    /// <summary>No batch is larger; a length beyond it is damage, not a reason to allocate.</summary>
    private const int MostBatchBytes = 256 * 1024 * 1024;

    private const int WindowBytes = 4 * 1024 * 1024;

    private readonly string _path;
    private readonly SafeFileHandle _file;
    private readonly long _fileBytes;
    private PooledBuffer _window = PooledBuffer.Rent(WindowBytes);
    private long _windowStart;
    private int _windowLength;
    private BatchInspection? _current;

    public SegmentBatchReader(string path)
    {
        _path = path;
        _file = File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete);
        _fileBytes = RandomAccess.GetLength(_file);
    }

    public BatchInspection Current => _current ?? throw new InvalidOperationException("There is no current batch.");

    /// <summary>Bytes of all batches seen so far.</summary>
    public long ValidBytes { get; private set; }

    /// <summary>Why the walk ended before the end of the file; null when it did not.</summary>
    public string? Stop { get; private set; }

    /// <summary>True when nothing but zeros follows: a preallocated tail.</summary>
    public bool RestIsZero { get; private set; }

    public bool MoveNext()
    {
        long left = _fileBytes - ValidBytes;
        if (left == 0)
        {
            return false;
        }

        ReadOnlySpan<byte> header = Window(ValidBytes, (int)Math.Min(left, RecordBatchLayout.HeaderBytes));
        if (!RecordBatchView.TryReadSize(header, out int size) || size > MostBatchBytes
            || header.Length < RecordBatchLayout.HeaderBytes || header[RecordBatchLayout.MagicPosition] != (byte)RecordBatchLayout.Magic)
        {
            RestIsZero = IsZeroFrom(ValidBytes);
            Stop = RestIsZero ? $"{left} zero bytes after the last batch" : $"no batch begins here; {left} bytes are left";
            return false;
        }

        if (size > left)
        {
            Stop = $"a batch of {size} bytes with {left} left";
            return false;
        }

        _current = BatchInspection.Of(_path, ValidBytes, Window(ValidBytes, size));
        ValidBytes += size;
        return true;
    }

    public void Dispose()
    {
        _window.Dispose();
        _file.Dispose();
    }

    private ReadOnlySpan<byte> Window(long position, int length)
    {
        if (position < _windowStart || position + length > _windowStart + _windowLength)
        {
            if (length > _window.Length)
            {
                _window.Dispose();
                _window = PooledBuffer.Rent(length);
            }

            _windowStart = position;
            _windowLength = 0;
            while (_windowLength < length && RandomAccess.Read(_file, _window.Span[_windowLength..],
                position + _windowLength) is > 0 and int read)
            {
                _windowLength += read;
            }
        }

        int from = (int)(position - _windowStart);
        return _window.Span.Slice(from, Math.Min(length, _windowLength - from));
    }

    private bool IsZeroFrom(long position)
    {
        while (position < _fileBytes)
        {
            ReadOnlySpan<byte> bytes = Window(position, (int)Math.Min(WindowBytes, _fileBytes - position));
            if (bytes.IsEmpty || bytes.ContainsAnyExcept((byte)0))
            {
                return false;
            }

            position += bytes.Length;
        }

        return true;
    }
}
