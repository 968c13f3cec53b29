using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace LogQueue.Server.Transport;

/// <summary>The two system calls that the runtime's sockets do not offer. Linux only; thread-safe.</summary>
internal static partial class NativeSocket
{
    private const int DontWait = 0x40;
    private const int More = 0x8000;
    private const int NoSignal = 0x4000;
    private const int Interrupted = 4;
    private const int WouldBlock = 11;

    /// <summary>True where the calls exist.</summary>
    public static bool IsSupported { get; } = OperatingSystem.IsLinux();

    /// <summary>
    /// Sends as many bytes of a file as the socket takes now, without copying them through this process.
    /// Returns how many; 0 when the socket is full; -1 when the file ends before <paramref name="position"/>.
    /// </summary>
    /// <exception cref="SocketException">The connection failed.</exception>
    public static long SendFile(SafeSocketHandle socket, SafeFileHandle file, long position, long count)
    {
        while (true)
        {
            nint sent = sendfile(socket, file, ref position, (nint)count);
            if (sent > 0)
            {
                return sent;
            }

            if (sent == 0)
            {
                return -1;
            }

            int error = Marshal.GetLastPInvokeError();
            if (error == WouldBlock)
            {
                return 0;
            }

            if (error != Interrupted)
            {
                throw new SocketException(ToSocketError(error), Marshal.GetPInvokeErrorMessage(error));
            }
        }
    }

    /// <summary>
    /// Sends bytes that more bytes follow at once, so that the kernel waits for them. Returns how many; 0 when the socket is full.
    /// </summary>
    /// <exception cref="SocketException">The connection failed.</exception>
    public static int SendMore(SafeSocketHandle socket, ReadOnlySpan<byte> bytes)
    {
        while (true)
        {
            nint sent = send(socket, ref MemoryMarshal.GetReference(bytes), bytes.Length, DontWait | More | NoSignal);
            if (sent >= 0)
            {
                return (int)sent;
            }

            int error = Marshal.GetLastPInvokeError();
            if (error == WouldBlock)
            {
                return 0;
            }

            if (error != Interrupted)
            {
                throw new SocketException(ToSocketError(error), Marshal.GetPInvokeErrorMessage(error));
            }
        }
    }

    // Only a reset needs its own name (it is no trouble of ours); the text of the exception says the rest.
    private static int ToSocketError(int error) => error is 32 or 104 ? (int)SocketError.ConnectionReset : (int)SocketError.SocketError;

    [LibraryImport("libc", EntryPoint = "sendfile64", SetLastError = true)]
    private static partial nint sendfile(SafeSocketHandle socket, SafeFileHandle file, ref long offset, nint count);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint send(SafeSocketHandle socket, ref byte bytes, nint count, int flags);
}
