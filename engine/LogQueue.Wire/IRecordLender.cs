using Microsoft.Win32.SafeHandles;

namespace LogQueue.Wire;

/// <summary>
/// What a <see cref="RecordSlice"/> is a part of: a file (or a map of it) that stays readable while leases on it are held. Every member
/// takes the number of the lease, so that one that has ended is told from a live one. Thread-safe.
/// </summary>
public interface IRecordLender
{
    /// <summary>The file, for a transfer inside the kernel; false when there is none.</summary>
    /// <exception cref="ObjectDisposedException">The lease has ended.</exception>
    bool TryGetFile(long lease, out SafeFileHandle file);

    /// <summary>Copies bytes from a position of the file on.</summary>
    /// <exception cref="ObjectDisposedException">The lease has ended.</exception>
    /// <exception cref="IOException">The file cannot be read, or ends too early.</exception>
    void CopyTo(long lease, long position, Span<byte> destination);

    /// <summary>Ends a lease. A lease that has ended stays so, whoever holds others.</summary>
    void End(long lease);
}
