using LogQueue.Storage.Files;
using LogQueue.Storage.Segments;

namespace LogQueue.Storage.Partitions;

/// <summary>Looks for whole batches in later segments, further on than unsynced writes can reach. Stateless.</summary>
internal static class FarBatches
{
    /// <summary>True when a whole batch lies in one of the segments, at least a distance behind the start of the first.</summary>
    internal static bool AnyIn(IStorageDevice device, string directory, ReadOnlySpan<long> bases, long leastDistanceBytes)
    {
        foreach (long baseOffset in bases)
        {
            string path = SegmentFileName.PathOf(directory, baseOffset, SegmentFileName.Log);
            long bytes = device.FileLength(path);
            long from = Math.Max(0, leastDistanceBytes);
            if (from < bytes)
            {
                using IStorageFile log = device.Open(path, StorageOpenMode.Read);
                using var probe = new BatchProbe(log, bytes);
                for (long at = from - 1; (at = probe.FindHeader(at + 1, baseOffset, long.MaxValue)) < bytes;)
                {
                    if (probe.TryRead(at, baseOffset, long.MaxValue, out _))
                    {
                        return true;
                    }
                }
            }

            leastDistanceBytes -= bytes;
        }

        return false;
    }
}
