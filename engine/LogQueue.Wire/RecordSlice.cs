using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace LogQueue.Wire;

/// <summary>
/// A leased run of record bytes that lies in a file (or a map of it). Disposing any copy of it ends the lease, once; until then the bytes
/// stay readable, whatever retention does. The default value is a run of no bytes. Reading is thread-safe.
/// </summary>
/// <param name="Lender">Where the bytes lie; null for no bytes.</param>
/// <param name="Lease">The lender's number of the lease.</param>
/// <param name="Position">Position of the first byte in the file.</param>
/// <param name="LengthBytes">Size of the run in bytes.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct RecordSlice(IRecordLender? Lender, long Lease, long Position, int LengthBytes) : IDisposable
{
    /// <summary>True when there are no bytes.</summary>
    public bool IsEmpty => LengthBytes == 0;

    /// <summary>
    /// The file and the byte position of the run, for a transfer inside the kernel; false when there is no file behind it.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The lease has ended.</exception>
    public bool TryGetFile(out SafeFileHandle file, out long position)
    {
        position = Position;
        file = null!;
        return Lender?.TryGetFile(Lease, out file) == true;
    }

    /// <summary>Copies the whole run.</summary>
    /// <exception cref="ArgumentException"><paramref name="destination"/> is shorter than <see cref="LengthBytes"/>.</exception>
    /// <exception cref="ObjectDisposedException">The lease has ended.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public void CopyTo(Span<byte> destination)
    {
        if (destination.Length < LengthBytes)
        {
            throw new ArgumentException($"A run of {LengthBytes} bytes does not fit into {destination.Length}.", nameof(destination));
        }

        Lender?.CopyTo(Lease, Position, destination[..LengthBytes]);
    }

    /// <summary>Ends the lease.</summary>
    public void Dispose() => Lender?.End(Lease);
}
