using System.Buffers;

namespace LogQueue.Wire.Memory;

/// <summary>
/// A byte buffer rented from the shared pool and owned by one holder at a time; disposing it gives it back.
/// The only place of the house that touches <see cref="ArrayPool{T}"/>. Not thread-safe: one owner.
/// </summary>
public sealed class PooledBuffer : IDisposable
{
    private byte[]? _array;

    private PooledBuffer(byte[] array, int length)
    {
        _array = array;
        Length = length;
    }

    /// <summary>Bytes asked for; the rented array may be longer, which nobody sees.</summary>
    public int Length { get; }

    /// <summary>The bytes; content is whatever the last owner left.</summary>
    /// <exception cref="ObjectDisposedException">The buffer was given back.</exception>
    public Memory<byte> Memory => new(Array, 0, Length);

    /// <inheritdoc cref="Memory"/>
    public Span<byte> Span => new(Array, 0, Length);

    private byte[] Array => _array ?? throw new ObjectDisposedException(nameof(PooledBuffer));

    /// <summary>Rents a buffer of exactly <paramref name="lengthBytes"/> visible bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="lengthBytes"/> is negative.</exception>
    public static PooledBuffer Rent(int lengthBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(lengthBytes);
        return new PooledBuffer(ArrayPool<byte>.Shared.Rent(lengthBytes), lengthBytes);
    }

    /// <summary>Gives the bytes back to the pool. A second call does nothing.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _array, null) is { } array)
        {
            ArrayPool<byte>.Shared.Return(array);
        }
    }
}
