using System.Buffers.Binary;
using System.Net.Sockets;
using LogQueue.Wire.Memory;

namespace LogQueue.Client.Connections;

/// <summary>
/// Cuts the bytes of a socket into frames. Small ones share a receive buffer, a large one is received in place. One reader.
/// </summary>
internal sealed class FrameReader(Socket socket, int maxFrameBytes) : IDisposable
{
    private const int ReceiveBytes = 128 * 1024;

    /// <summary>A frame's claimed size is believed up to here; beyond it memory grows with what arrives.</summary>
    private const int TrustedBytes = 32 * 1024 * 1024;

    private readonly PooledBuffer _buffer = PooledBuffer.Rent(ReceiveBytes);
    private int _start;
    private int _end;

    /// <summary>The next frame without its size; null at the end of the stream. The caller disposes it.</summary>
    /// <exception cref="InvalidDataException">The size is negative or too large.</exception>
    public async ValueTask<PooledBuffer?> ReadAsync(CancellationToken cancellationToken)
    {
        while (_end - _start < sizeof(int))
        {
            if (!await ReceiveMoreAsync(cancellationToken).ConfigureAwait(false))
            {
                return null;
            }
        }

        int sizeBytes = BinaryPrimitives.ReadInt32BigEndian(_buffer.Span[_start..]);
        if (sizeBytes < sizeof(int) || sizeBytes > maxFrameBytes)
        {
            throw new InvalidDataException(
                $"The broker announced an answer of {sizeBytes} bytes (allowed: 4 to {maxFrameBytes}): "
                + "it does not speak Kafka's protocol, or MaxResponseBytes is too low.");
        }

        _start += sizeof(int);
        PooledBuffer frame = PooledBuffer.Rent(Math.Min(sizeBytes, TrustedBytes));
        int filled = Math.Min(_end - _start, sizeBytes);
        _buffer.Span.Slice(_start, filled).CopyTo(frame.Span);
        _start += filled;
        while (filled < sizeBytes)
        {
            if (filled == frame.Length)
            {
                PooledBuffer larger = PooledBuffer.Rent((int)Math.Min(sizeBytes, (long)filled * 2));
                frame.Span[..filled].CopyTo(larger.Span);
                frame.Dispose();
                frame = larger;
            }

            int received = await socket.ReceiveAsync(frame.Memory[filled..], SocketFlags.None, cancellationToken).ConfigureAwait(false);
            if (received == 0)
            {
                frame.Dispose();
                return null;
            }

            filled += received;
        }

        return frame;
    }

    public void Dispose() => _buffer.Dispose();

    private async ValueTask<bool> ReceiveMoreAsync(CancellationToken cancellationToken)
    {
        if (_start > 0)
        {
            _buffer.Span[_start.._end].CopyTo(_buffer.Span);
            _end -= _start;
            _start = 0;
        }

        int received = await socket.ReceiveAsync(_buffer.Memory[_end..], SocketFlags.None, cancellationToken).ConfigureAwait(false);
        _end += received;
        return received > 0;
    }
}
