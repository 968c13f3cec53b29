using System.Buffers.Binary;
using System.Net.Sockets;

namespace LogQueue.Server.Transport;

/// <summary>
/// Cuts what arrives on a socket into frames. Memory follows arrival, never the announced size: a buffer grows only when what came
/// has filled it, and a connection that is idle holds 4 KiB or nothing. Not thread-safe: one reader.
/// </summary>
internal sealed class FrameReader : IDisposable
{
    /// <summary>Buffers up to this size are not charged to the budget, so that small requests never wait for it.</summary>
    internal const int UnchargedBytes = 64 * 1024;

    private const int SizePrefixBytes = 4;
    private const int SmallestFrameBytes = 8;
    private const int SmallestBufferBytes = 4 * 1024;
    private const int LargestStandingBytes = 256 * 1024;

    private readonly Socket _socket;
    private readonly MemoryBudget _budget;
    private readonly int _mostFrameBytes;
    private readonly CancellationToken _closed;
    private ReceiveBuffer? _buffer;
    private int _start;
    private int _end;
    private int _standingBytes = SmallestBufferBytes;

    /// <summary>Reads from <paramref name="socket"/>.</summary>
    /// <param name="socket">A connected, non-blocking socket; stays the caller's.</param>
    /// <param name="budget">Where large buffers are charged.</param>
    /// <param name="mostFrameBytes">Largest frame.</param>
    /// <param name="closed">Ends a wait for the budget.</param>
    public FrameReader(Socket socket, MemoryBudget budget, int mostFrameBytes, CancellationToken closed)
    {
        _socket = socket;
        _budget = budget;
        _mostFrameBytes = mostFrameBytes;
        _closed = closed;
    }

    /// <summary>Bytes of a frame that has begun to arrive and is not complete.</summary>
    public int PartialBytes => _end - _start;

    /// <summary>Takes a frame that has arrived completely.</summary>
    /// <exception cref="FrameSizeException">The announced size is impossible.</exception>
    public bool TryTake(out Frame? frame)
    {
        frame = null;
        int needed = NeededBytes();
        if (_end - _start < needed || needed == SizePrefixBytes)
        {
            return false;
        }

        frame = new Frame(_buffer!, _start + SizePrefixBytes, needed - SizePrefixBytes);
        _start += needed;
        return true;
    }

    /// <summary>Receives some bytes; false when the client has closed its side.</summary>
    /// <exception cref="SocketException">The connection failed.</exception>
    public async ValueTask<bool> ReceiveAsync()
    {
        if (_end == _start)
        {
            await BeginEmptyAsync();
        }

        await MakeRoomAsync();
        Memory<byte> room = _buffer!.Memory[_end..];
        int received = await _socket.ReceiveAsync(room, SocketFlags.None);
        _end += received;
        if (received == room.Length && _standingBytes < LargestStandingBytes)
        {
            _standingBytes = Math.Min(LargestStandingBytes, _standingBytes * 4);
        }

        return received > 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _buffer?.Release();
        _buffer = null;
        _start = 0;
        _end = 0;
    }

    // Size of the frame at the start with its prefix, or the size of a prefix while that has not arrived.
    private int NeededBytes()
    {
        if (_end - _start < SizePrefixBytes)
        {
            return SizePrefixBytes;
        }

        int announced = BinaryPrimitives.ReadInt32BigEndian(_buffer!.Memory.Span[_start..]);
        if (announced < SmallestFrameBytes || announced > _mostFrameBytes)
        {
            throw new FrameSizeException(announced, _mostFrameBytes);
        }

        return SizePrefixBytes + announced;
    }

    // Nothing has begun to arrive: start at the front, and while a connection with a large standing buffer is idle, hold none.
    private async ValueTask BeginEmptyAsync()
    {
        _start = 0;
        _end = 0;
        bool isSmall = _standingBytes == SmallestBufferBytes;
        if (_buffer is { IsShared: false } && _buffer.Length == _standingBytes && (isSmall || _socket.Available > 0))
        {
            return;
        }

        _buffer?.Release();
        _buffer = null;
        if (!isSmall && _socket.Available == 0)
        {
            await _socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None);
            if (_socket.Available < _standingBytes / 16)
            {
                _standingBytes /= 4;
            }
        }

        _buffer = await RentAsync(_standingBytes);
    }

    private async ValueTask MakeRoomAsync()
    {
        int arrived = _end - _start;
        int needed = NeededBytes();
        ReceiveBuffer buffer = _buffer!;
        if (_start + needed <= buffer.Length || (_end < buffer.Length && _start == 0))
        {
            return;
        }

        if (needed <= buffer.Length && !buffer.IsShared)
        {
            buffer.Memory.Span[_start.._end].CopyTo(buffer.Memory.Span);
        }
        else
        {
            // Four times what has arrived: few copies for large frames, and still no more than a constant factor of the client's own
            // effort.
            int grown = Math.Max(_standingBytes, (int)Math.Min(needed, arrived * 4L));
            ReceiveBuffer larger = await RentAsync(grown);
            buffer.Memory.Span[_start.._end].CopyTo(larger.Memory.Span);
            buffer.Release();
            _buffer = larger;
        }

        _start = 0;
        _end = arrived;
    }

    private async ValueTask<ReceiveBuffer> RentAsync(int lengthBytes)
    {
        int charge = lengthBytes > UnchargedBytes ? lengthBytes : 0;
        if (charge > 0)
        {
            await _budget.TakeAsync(charge, _closed);
        }

        return new ReceiveBuffer(lengthBytes, _budget, charge);
    }
}
