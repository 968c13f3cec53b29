using System.Buffers;

namespace LogQueue.Wire.Memory;

/// <summary>
/// A growing output over one pooled buffer, with a hard limit. What was written stays valid until <see cref="Reset"/>,
/// the next write or <see cref="Dispose"/>. Not thread-safe: one owner.
/// </summary>
public sealed class PooledBufferWriter : IBufferWriter<byte>, IDisposable
{
    private const int SmallestStep = 256;

    private readonly int _maxBytes;
    private PooledBuffer _buffer;
    private int _written;

    /// <summary>Creates an empty writer.</summary>
    /// <param name="initialBytes">Size rented at once.</param>
    /// <param name="maxBytes">Most that may ever be written.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is negative.</exception>
    public PooledBufferWriter(int initialBytes = 4096, int maxBytes = int.MaxValue)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(initialBytes);
        ArgumentOutOfRangeException.ThrowIfNegative(maxBytes);
        _maxBytes = maxBytes;
        _buffer = PooledBuffer.Rent(Math.Max(SmallestStep, Math.Min(initialBytes, maxBytes)));
    }

    /// <summary>Bytes written since creation or the last <see cref="Reset"/>.</summary>
    public int WrittenCount => _written;

    /// <summary>Most bytes this writer accepts.</summary>
    public int MaxBytes => _maxBytes;

    /// <summary>The bytes written so far.</summary>
    public ReadOnlyMemory<byte> WrittenMemory => _buffer.Memory[.._written];

    /// <inheritdoc cref="WrittenMemory"/>
    public ReadOnlySpan<byte> WrittenSpan => _buffer.Span[.._written];

    /// <summary>The bytes written so far, to patch lengths or checksums in place.</summary>
    public Span<byte> WrittenSpanMutable => _buffer.Span[.._written];

    /// <summary>The bytes written so far, mutable and able to cross an await.</summary>
    public Memory<byte> WrittenMemoryMutable => _buffer.Memory[.._written];

    /// <summary>Forgets what was written and keeps the buffer.</summary>
    public void Reset() => _written = 0;

    /// <summary>Forgets what was written after <paramref name="count"/> bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">More than was written.</exception>
    public void TruncateTo(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)count, (uint)_written, nameof(count));
        _written = count;
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">Past what <see cref="GetSpan"/> gave.</exception>
    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)count, (uint)(_buffer.Length - _written), nameof(count));
        ThrowIfOverLimit(_written + (long)count);
        _written += count;
    }

    /// <inheritdoc/>
    /// <exception cref="BufferLimitException">The limit does not allow it.</exception>
    public Span<byte> GetSpan(int sizeHint = 0)
    {
        EnsureRoom(Math.Max(sizeHint, 1));
        return _buffer.Span[_written..];
    }

    /// <inheritdoc/>
    /// <exception cref="BufferLimitException">The limit does not allow it.</exception>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        EnsureRoom(Math.Max(sizeHint, 1));
        return _buffer.Memory[_written..];
    }

    /// <summary>Appends a copy of <paramref name="bytes"/>.</summary>
    /// <exception cref="BufferLimitException">The limit does not allow it.</exception>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return;
        }

        EnsureRoom(bytes.Length);
        bytes.CopyTo(_buffer.Span[_written..]);
        _written += bytes.Length;
    }

    /// <summary>Gives the buffer back to the pool.</summary>
    public void Dispose() => _buffer.Dispose();

    private void EnsureRoom(int bytes)
    {
        if (_buffer.Length - _written < bytes || _written + (long)bytes > _maxBytes)
        {
            Grow(bytes);
        }
    }

    private void Grow(int bytes)
    {
        long wanted = _written + (long)bytes;
        ThrowIfOverLimit(wanted);
        if (_buffer.Length >= wanted)
        {
            return;
        }

        long doubled = Math.Min(Math.Max(_buffer.Length * 2L, SmallestStep), _maxBytes);
        PooledBuffer larger = PooledBuffer.Rent((int)Math.Min(Math.Max(doubled, wanted), Array.MaxLength));
        _buffer.Span[.._written].CopyTo(larger.Span);
        _buffer.Dispose();
        _buffer = larger;
    }

    private void ThrowIfOverLimit(long wanted)
    {
        if (wanted > _maxBytes)
        {
            throw new BufferLimitException(wanted, _maxBytes);
        }
    }
}
