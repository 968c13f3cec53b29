using System.Diagnostics.CodeAnalysis;
using LogQueue.Storage.Files;
using LogQueue.Wire;
using Microsoft.Win32.SafeHandles;

namespace LogQueue.Storage.Segments;

/// <summary>A leased range of a segment's log file. Disposing it ends the lease, once. One user at a time.</summary>
internal sealed class FileSlice(LeasedFile file, long position, int lengthBytes) : IRecordSlice
{
    private LeasedFile? _file = file;

    public int LengthBytes { get; } = lengthBytes;

    public bool TryGetFile([NotNullWhen(true)] out SafeFileHandle? file, out long filePosition)
    {
        file = Leased.File.Handle;
        filePosition = position;
        return file is not null;
    }

    public void CopyTo(Span<byte> destination)
    {
        int read = Leased.File.Read(position, destination[..LengthBytes]);
        if (read < LengthBytes)
        {
            throw new CorruptLogException(Leased.Path, position + read, $"{LengthBytes} bytes of whole batches", $"the file ends after {read}");
        }
    }

    public void Dispose() => Interlocked.Exchange(ref _file, null)?.Release();

    private LeasedFile Leased => _file ?? throw new ObjectDisposedException(nameof(FileSlice));
}
