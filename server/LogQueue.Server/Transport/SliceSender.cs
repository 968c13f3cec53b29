using System.Net.Sockets;
using LogQueue.Server.Requests;
using LogQueue.Wire;
using LogQueue.Wire.Memory;
using Microsoft.Win32.SafeHandles;

namespace LogQueue.Server.Transport;

/// <summary>
/// Sends responses on a non-blocking socket: small pieces are gathered into one send, large slices of files go from the page cache
/// to the socket inside the kernel. Not thread-safe: one sender.
/// </summary>
internal sealed class SliceSender : IDisposable
{
    /// <summary>Slices below this size are copied: gathering them costs less than a system call each.</summary>
    private const int CopiedSliceBytes = 32 * 1024;

    private const int GatherBytes = 64 * 1024;
    private const int ChunkBytes = 64 * 1024;

    // The kernel may send up to 2 GiB in one call; shorter pieces let the stall watch see progress.
    private const int KernelPieceBytes = 8 * 1024 * 1024;

    private readonly Socket _socket;
    private readonly TimeProvider _time;
    private PooledBufferWriter? _gathered;
    private long _blockedSince;

    /// <summary>Sends on <paramref name="socket"/>.</summary>
    /// <param name="socket">A connected, non-blocking socket; stays the caller's.</param>
    /// <param name="time">Clock of <see cref="BlockedFor"/>.</param>
    public SliceSender(Socket socket, TimeProvider time)
    {
        _socket = socket;
        _time = time;
    }

    /// <summary>Bytes gathered and not sent yet.</summary>
    public int GatheredBytes => _gathered?.WrittenCount ?? 0;

    /// <summary>
    /// How long the piece that is being sent has been waiting for the client to take bytes; zero when nothing waits. Thread-safe.
    /// </summary>
    public TimeSpan BlockedFor()
    {
        long since = Volatile.Read(ref _blockedSince);
        return since == 0 ? TimeSpan.Zero : _time.GetElapsedTime(since);
    }

    /// <summary>Sends a response, or gathers it when <paramref name="moreFollow"/>; the caller keeps the frame.</summary>
    /// <exception cref="SocketException">The connection failed.</exception>
    /// <exception cref="IOException">A slice cannot be read any more.</exception>
    public async ValueTask SendAsync(ResponseFrame frame, bool moreFollow)
    {
        int position = 0;
        foreach (RecordSplice splice in frame.Splices)
        {
            ReadOnlyMemory<byte> before = frame.Bytes[position..splice.OutputPosition];
            position = splice.OutputPosition;
            if (splice.Slice.LengthBytes < CopiedSliceBytes)
            {
                await GatherAsync(before);
                await GatherAsync(splice.Slice);
            }
            else
            {
                await GatherAsync(before);
                await SendGatheredBeforeMoreAsync();
                await SendSliceAsync(splice.Slice);
            }
        }

        ReadOnlyMemory<byte> rest = frame.Bytes[position..];
        if (!moreFollow && GatheredBytes == 0)
        {
            await SendBytesAsync(rest);
            return;
        }

        await GatherAsync(rest);
        if (!moreFollow)
        {
            await FlushAsync();
        }
    }

    /// <summary>Sends what was gathered.</summary>
    /// <exception cref="SocketException">The connection failed.</exception>
    public async ValueTask FlushAsync()
    {
        if (_gathered is { WrittenCount: > 0 } gathered)
        {
            await SendBytesAsync(gathered.WrittenMemory);
            gathered.Dispose();
            _gathered = null;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _gathered?.Dispose();
        _gathered = null;
    }

    private async ValueTask GatherAsync(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length > GatherBytes - GatheredBytes)
        {
            await FlushAsync();
        }

        if (bytes.Length >= GatherBytes)
        {
            await SendBytesAsync(bytes);
            return;
        }

        if (bytes.Length > 0)
        {
            (_gathered ??= new PooledBufferWriter(GatherBytes)).Write(bytes.Span);
        }
    }

    private async ValueTask GatherAsync(RecordSlice slice)
    {
        if (slice.LengthBytes > GatherBytes - GatheredBytes)
        {
            await FlushAsync();
        }

        _gathered ??= new PooledBufferWriter(GatherBytes);
        slice.CopyTo(_gathered.GetSpan(slice.LengthBytes)[..slice.LengthBytes]);
        _gathered.Advance(slice.LengthBytes);
    }

    private async ValueTask SendGatheredBeforeMoreAsync()
    {
        if (_gathered is not { WrittenCount: > 0 } gathered)
        {
            return;
        }

        int sent = NativeSocket.IsSupported ? NativeSocket.SendMore(_socket.SafeHandle, gathered.WrittenSpan) : 0;
        if (sent < gathered.WrittenCount)
        {
            await SendBytesAsync(gathered.WrittenMemory[sent..]);
        }

        gathered.Reset();
    }

    private async ValueTask SendSliceAsync(RecordSlice slice)
    {
        if (NativeSocket.IsSupported && slice.TryGetFile(out SafeFileHandle file, out long position))
        {
            await SendFileAsync(file, position, slice.LengthBytes);
            return;
        }

        using PooledBuffer copy = PooledBuffer.Rent(slice.LengthBytes);
        slice.CopyTo(copy.Span);
        await SendBytesAsync(copy.Memory);
    }

    // A socket of the runtime cannot be waited for until it is writable; sending one copied chunk asynchronously waits as well, and
    // gets on.
    private async ValueTask SendFileAsync(SafeFileHandle file, long position, long count)
    {
        PooledBuffer? chunk = null;
        try
        {
            while (count > 0)
            {
                long sent = NativeSocket.SendFile(_socket.SafeHandle, file, position, Math.Min(count, KernelPieceBytes));
                if (sent < 0)
                {
                    throw new IOException($"A log file ends {count} bytes before the slice that is being sent.");
                }

                if (sent == 0)
                {
                    chunk ??= PooledBuffer.Rent(ChunkBytes);
                    int read = RandomAccess.Read(file, chunk.Span[..(int)Math.Min(count, ChunkBytes)], position);
                    if (read == 0)
                    {
                        throw new IOException($"A log file ends {count} bytes before the slice that is being sent.");
                    }

                    await SendBytesAsync(chunk.Memory[..read]);
                    sent = read;
                }

                position += sent;
                count -= sent;
            }
        }
        finally
        {
            chunk?.Dispose();
        }
    }

    private async ValueTask SendBytesAsync(ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            ValueTask<int> sending = _socket.SendAsync(bytes[..Math.Min(bytes.Length, 4 * ChunkBytes)], SocketFlags.None);
            if (!sending.IsCompleted)
            {
                Volatile.Write(ref _blockedSince, Math.Max(1, _time.GetTimestamp()));
            }

            int sent = await sending;
            Volatile.Write(ref _blockedSince, 0);
            bytes = bytes[sent..];
        }
    }
}
