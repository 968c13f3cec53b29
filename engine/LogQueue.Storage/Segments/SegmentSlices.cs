using LogQueue.Storage.Files;
using LogQueue.Wire;
using Microsoft.Win32.SafeHandles;

namespace LogQueue.Storage.Segments;

/// <summary>Lends ranges of a segment's log file; each slice holds one lease on it. Allocates nothing per slice. Thread-safe.</summary>
internal sealed class SegmentSlices(LogSegment segment) : IRecordLender
{
    private readonly LeaseNumbers _leases = new();

    /// <summary>A slice that takes over a lease on the log file.</summary>
    public RecordSlice Lend(long position, int lengthBytes) => new(this, _leases.Begin(), position, lengthBytes);

    public bool TryGetFile(long lease, out SafeFileHandle file)
    {
        ThrowIfEnded(lease);
        SafeFileHandle? handle = segment.Log.File.Handle;
        file = handle!;
        return handle is not null;
    }

    public void CopyTo(long lease, long position, Span<byte> destination)
    {
        ThrowIfEnded(lease);
        int read = segment.Read(position, destination);
        if (read < destination.Length)
        {
            throw new CorruptLogException(segment.Log.Path, position + read, $"{destination.Length} bytes of whole batches",
                $"the file ends after {read}");
        }
    }

    public void End(long lease)
    {
        if (_leases.TryEnd(lease))
        {
            segment.Log.Release();
        }
    }

    private void ThrowIfEnded(long lease)
    {
        if (!_leases.IsLive(lease))
        {
            throw new ObjectDisposedException(nameof(RecordSlice), $"The records of '{segment.Log.Path}' were read after their lease ended.");
        }
    }
}
