using LogQueue.Engine.Opening;
using LogQueue.Engine.Partitions;
using LogQueue.Engine.Topics;
using LogQueue.Storage;
using LogQueue.Storage.Files;
using LogQueue.Storage.Partitions;

namespace LogQueue.Engine.Diagnostics;

/// <summary>Answers the gauges of a running engine. Thread-safe.</summary>
internal sealed class EngineGauges(DataDirectory directory, TopicRegistry topics, PartitionLog metadata, long recoveryMs) : IEngineGauges
{
    public long TopicCount => topics.Unordered.LongCount();

    public long PartitionCount => Partitions.LongCount(static partition => partition.Log.HasFiles) + 1;

    public long SegmentCount => Logs.Sum(static log => (long)log.SegmentCount);

    public long SizeBytes => Partitions.Sum(static partition => partition.SizeBytes) + metadata.SizeBytes;

    public long DiskFreeBytes
    {
        get
        {
            try
            {
                return directory.Device.FreeBytes(directory.FullPath);
            }
            catch (StorageException)
            {
                return -1; // a gauge must not break the collection of all the others
            }
        }
    }

    public OpenFileLimits OpenFiles => directory.OpenFiles;

    public long LostAndFoundBytes
    {
        get
        {
            try
            {
                return LostAndFound.Measure(directory.Device, directory.FullPath).Bytes;
            }
            catch (StorageException)
            {
                return -1;
            }
        }
    }

    public long UnsyncedBytes => directory.UnsyncedBytes;

    public long DamagedCount => Logs.LongCount(static log => log.IsDamaged);

    public bool IsFenced => directory.Fence.IsTripped;

    public double RecoverySeconds => recoveryMs / 1000.0;

    private IEnumerable<Partition> Partitions => topics.Unordered.SelectMany(static topic => topic.Partitions);

    private IEnumerable<PartitionLog> Logs =>
        Partitions.Select(static partition => partition.Log.Opened).OfType<PartitionLog>().Append(metadata);
}
