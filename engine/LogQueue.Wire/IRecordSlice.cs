using Microsoft.Win32.SafeHandles;

namespace LogQueue.Wire;

/// <summary>
/// A leased run of record bytes that lies in a file (or a map of it). Disposing ends the lease; until then the bytes stay readable,
/// whatever retention does. Reading is thread-safe; dispose once.
/// </summary>
public interface IRecordSlice : IDisposable
{
    /// <summary>Size of the run in bytes.</summary>
    int LengthBytes { get; }

    /// <summary>
    /// The file and the byte position of the run, for a transfer inside the kernel; false when there is no file behind it.
    /// </summary>
    bool TryGetFile(out SafeFileHandle file, out long position);

    /// <summary>Copies the whole run.</summary>
    /// <exception cref="ArgumentException"><paramref name="destination"/> is shorter than <see cref="LengthBytes"/>.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    void CopyTo(Span<byte> destination);
}
