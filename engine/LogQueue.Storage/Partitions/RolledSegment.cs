using LogQueue.Storage.Files;
using LogQueue.Storage.Segments;

namespace LogQueue.Storage.Partitions;

/// <summary>A segment that was rolled and waits for its sync and its seal, with the producer state at its end.</summary>
internal sealed record RolledSegment(LogSegment Segment, long NextBaseOffset, byte[] ProducerSnapshot)
{
    /// <summary>True once its data are durable.</summary>
    public bool IsSynced { get; set; }

    /// <summary>Writes the snapshot file that belongs to the next segment's base, as Kafka does at a roll.</summary>
    public void SaveSnapshot(IStorageDevice device)
    {
        if (ProducerSnapshot.Length > 0)
        {
            device.ReplaceCache(SegmentFileName.PathOf(Segment.Directory, NextBaseOffset, SegmentFileName.Snapshot), ProducerSnapshot);
        }
    }
}
