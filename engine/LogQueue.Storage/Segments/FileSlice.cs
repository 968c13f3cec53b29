using LogQueue.Storage.Files;
using LogQueue.Wire;
using Microsoft.Win32.SafeHandles;

namespace LogQueue.Storage.Segments;

/// <summary>A leased range of a segment's log file. Disposing it ends the lease, once. One user at a time.</summary>
internal sealed class FileSlice(LeasedFile file, long position, int lengthBytes) : IRecordSlice
{
    private readonly long _position = position;
    private LeasedFile? _file = file;

    public int LengthBytes { get; } = lengthBytes;

    public bool TryGetFile(out SafeFileHandle file, out long position)
    {
        position = _position;
        SafeFileHandle? handle = Leased.File.Handle;
        file = handle!;
        return handle is not null;
    }

    public void CopyTo(Span<byte> destination)
    {
        int read = Leased.File.Read(_position, destination[..LengthBytes]);
        if (read < LengthBytes)
        {
            throw new CorruptLogException(Leased.Path, _position + read, $"{LengthBytes} bytes of whole batches",
                $"the file ends after {read}");
        }
    }

    public void Dispose() => Interlocked.Exchange(ref _file, null)?.Release();

    private LeasedFile Leased => _file ?? throw new ObjectDisposedException(nameof(FileSlice));
}
