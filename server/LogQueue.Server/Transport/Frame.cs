namespace LogQueue.Server.Transport;

/// <summary>
/// The bytes of one request, a slice of a counted receive buffer. Disposing gives the slice back; a second call does nothing.
/// Thread-safe for disposal; the bytes have one reader at a time.
/// </summary>
internal sealed class Frame : IDisposable
{
    private readonly int _start;
    private readonly int _lengthBytes;
    private ReceiveBuffer? _buffer;

    /// <summary>Takes a share of <paramref name="buffer"/>.</summary>
    public Frame(ReceiveBuffer buffer, int start, int lengthBytes)
    {
        buffer.Retain();
        _buffer = buffer;
        _start = start;
        _lengthBytes = lengthBytes;
    }

    /// <summary>The request without its size prefix.</summary>
    /// <exception cref="ObjectDisposedException">The frame was given back.</exception>
    public ReadOnlyMemory<byte> Memory =>
        (_buffer ?? throw new ObjectDisposedException(nameof(Frame))).Memory.Slice(_start, _lengthBytes);

    /// <inheritdoc/>
    public void Dispose() => Interlocked.Exchange(ref _buffer, null)?.Release();
}
