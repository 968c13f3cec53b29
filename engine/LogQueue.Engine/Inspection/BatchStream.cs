using LogQueue.Records;
using LogQueue.Records.Checksums;
using LogQueue.Wire.Memory;
using Microsoft.Win32.SafeHandles;

namespace LogQueue.Engine.Inspection;

/// <summary>
/// Reads one <c>.log</c> from its first byte to its last, each byte once, in large reads, and walks its batches. Memory is one window, or
/// one batch where that is larger: no length is believed beyond what the file holds. Not thread-safe.
/// </summary>
/// <param name="path">The file.</param>
/// <param name="bytesRead">Told the bytes as they come from the file, in order; may be null.</param>
internal sealed class BatchStream(string path, BatchStream.ByteSink? bytesRead = null) : IDisposable
{
    /// <summary>Small enough to stay in a core's cache between the read and the checksums.</summary>
    private const int WindowBytes = 512 << 10;

    /// <summary>After damage only batches up to this size are looked for.</summary>
    private const int MostSearchedBatchBytes = 8 << 20;

    private readonly SafeFileHandle _file = File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete,
        options: FileOptions.SequentialScan);

    private PooledBuffer _buffer = PooledBuffer.Rent(WindowBytes);
    private long _fileBytes = -1;
    private int _start;
    private int _end;
    private int _currentBytes;

    /// <summary>Takes bytes of the file.</summary>
    public delegate void ByteSink(ReadOnlySpan<byte> bytes);

    /// <summary>Size of the file when the walk began.</summary>
    public long FileBytes => _fileBytes >= 0 ? _fileBytes : _fileBytes = RandomAccess.GetLength(_file);

    /// <summary>Where the current batch begins; after the end, where the walk stopped.</summary>
    public long Position { get; private set; }

    /// <summary>The current batch, whole; valid until the next move.</summary>
    public ReadOnlyMemory<byte> Current => _buffer.Memory.Slice(_start, _currentBytes);

    /// <summary>Why no batch begins at <see cref="Position"/>; null at the end of the file.</summary>
    public string? Stop { get; private set; }

    /// <summary>After a search that found nothing: true when nothing but zeros follows <see cref="Stop"/>, a preallocated tail.</summary>
    public bool RestIsZero { get; private set; }

    /// <summary>Goes to the next batch; false at the end of the file, or where no batch begins.</summary>
    public bool MoveNext()
    {
        Skip(_currentBytes);
        _currentBytes = 0;
        long left = FileBytes - Position;
        if (left == 0)
        {
            return false;
        }

        if (!Fill((int)Math.Min(left, RecordBatchLayout.HeaderBytes)) || left < RecordBatchLayout.HeaderBytes)
        {
            return StopAt($"{left} bytes are too few for a batch");
        }

        ReadOnlySpan<byte> header = _buffer.Span[_start.._end];
        if (!RecordBatchView.TryReadSize(header, out int size) || size < RecordBatchLayout.HeaderBytes
            || header[RecordBatchLayout.MagicPosition] != (byte)RecordBatchLayout.Magic)
        {
            return StopAt($"no batch begins here; {left} bytes are left");
        }

        if (size > left)
        {
            return StopAt($"a batch of {size} bytes with {left} left");
        }

        if (!Fill(size))
        {
            return StopAt("the file became shorter while it was read");
        }

        _currentBytes = size;
        return true;
    }

    /// <summary>Reads the current batch again: a broker may have been writing it.</summary>
    public void Reread()
    {
        Span<byte> batch = _buffer.Span.Slice(_start, _currentBytes);
        for (int done = 0, read = 1; done < batch.Length && read > 0; done += read)
        {
            read = RandomAccess.Read(_file, batch[done..], Position + done);
        }
    }

    /// <summary>
    /// Looks for the next whole batch behind the place where the walk stopped. True when there is one; it is the current batch then.
    /// False at the end of the file.
    /// </summary>
    /// <param name="nextOffset">No batch below this offset counts.</param>
    public bool TryResync(long nextOffset)
    {
        bool onlyZeros = true;
        while (FileBytes - Position > RecordBatchLayout.HeaderBytes && Fill(RecordBatchLayout.HeaderBytes + 1))
        {
            // The byte at the start was looked at already; a batch that begins later has its magic byte this far from here.
            ReadOnlySpan<byte> window = _buffer.Span[(_start + 1).._end];
            int magic = window[RecordBatchLayout.MagicPosition..].IndexOf((byte)RecordBatchLayout.Magic);
            int skipped = magic < 0 ? window.Length - RecordBatchLayout.MagicPosition : magic;
            onlyZeros = onlyZeros && !window[..skipped].ContainsAnyExcept((byte)0) && _buffer.Span[_start] == 0;
            Skip(Math.Max(1, magic < 0 ? skipped : skipped + 1));
            if (magic >= 0 && IsWholeBatch(nextOffset))
            {
                RestIsZero = false;
                return true;
            }
        }

        int rest = (int)Math.Min(FileBytes - Position, RecordBatchLayout.HeaderBytes);
        RestIsZero = onlyZeros && Fill(rest) && !_buffer.Span.Slice(_start, rest).ContainsAnyExcept((byte)0);
        Position = FileBytes; // also where the file became shorter meanwhile
        _start = _end;
        return false;
    }

    /// <summary>Reads a file in the same way and checksums it as one piece. Returns its bytes.</summary>
    public static long Checksum(string path, InspectionProgress? progress, CancellationToken cancellationToken)
    {
        uint checksum = 0;
        long bytes = ReadAll(path, part =>
        {
            checksum = Crc32C.Append(checksum, part);
            progress?.Advance(part.Length);
            cancellationToken.ThrowIfCancellationRequested();
        });

        // The checksum is used, so that no compiler may leave it out.
        return checksum == 0 && bytes < 0 ? 0 : bytes;
    }

    /// <summary>Reads a file from its first byte to its last and looks at nothing. Returns its bytes.</summary>
    public static long ReadAll(string path, ByteSink sink)
    {
        using SafeFileHandle file = File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete,
            options: FileOptions.SequentialScan);
        using PooledBuffer window = PooledBuffer.Rent(WindowBytes);
        long position = 0;
        for (int read; (read = RandomAccess.Read(file, window.Span, position)) > 0; position += read)
        {
            sink(window.Span[..read]);
        }

        return position;
    }

    public void Dispose()
    {
        _buffer.Dispose();
        _file.Dispose();
    }

    private bool IsWholeBatch(long nextOffset)
    {
        long left = FileBytes - Position;
        if (left < RecordBatchLayout.HeaderBytes || !Fill(RecordBatchLayout.HeaderBytes)
            || !RecordBatchView.TryReadSize(_buffer.Span[_start.._end], out int size)
            || size < RecordBatchLayout.HeaderBytes || size > Math.Min(left, MostSearchedBatchBytes))
        {
            return false;
        }

        var header = new RecordBatchView(_buffer.Span[_start.._end]);
        if (header.Magic != RecordBatchLayout.Magic || header.BaseOffset < nextOffset || header.LastOffsetDelta < 0
            || header.RecordCount < 0 || !Fill(size) || !new RecordBatchView(_buffer.Span.Slice(_start, size)).IsChecksumValid)
        {
            return false;
        }

        _currentBytes = size;
        return true;
    }

    private bool StopAt(string reason)
    {
        Stop = reason;
        return false;
    }

    private void Skip(int bytes)
    {
        int buffered = Math.Min(bytes, _end - _start);
        _start += buffered;
        Position += buffered;
    }

    /// <summary>Sees to it that this many bytes from the position on are in the window; false when the file ends before.</summary>
    private bool Fill(int wanted)
    {
        if (_end - _start >= wanted)
        {
            return true;
        }

        int kept = _end - _start;
        if (wanted > _buffer.Length)
        {
            PooledBuffer larger = PooledBuffer.Rent(wanted);
            _buffer.Span[_start.._end].CopyTo(larger.Span);
            _buffer.Dispose();
            _buffer = larger;
        }
        else
        {
            _buffer.Span[_start.._end].CopyTo(_buffer.Span);
        }

        (_start, _end) = (0, kept);
        while (_end < wanted)
        {
            int most = (int)Math.Min(_buffer.Length - _end, FileBytes - Position - _end);
            int read = most <= 0 ? 0 : RandomAccess.Read(_file, _buffer.Span.Slice(_end, most), Position + _end);
            if (read == 0)
            {
                return false;
            }

            bytesRead?.Invoke(_buffer.Span.Slice(_end, read));
            _end += read;
        }

        return true;
    }
}
