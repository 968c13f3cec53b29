using LogQueue.Storage.Segments;

namespace LogQueue.Storage.Partitions;

/// <summary>What recovery hands to a running log. Its parts are guarded by the log's append lock unless they say otherwise.</summary>
internal sealed class LogState
{
    public LogState(PartitionLogContext context, string directory, LogRecovery recovered, LogOffsets offsets)
    {
        Segments = recovered.Segments;
        Producers = recovered.Producers;
        Epochs = recovered.Epochs;
        Quarantine = new Quarantine(context, directory, Segments, offsets, recovered.Damage);
        Report = recovered.Report;
        LeaderEpoch = Math.Max(0, recovered.Epochs.Latest);
        Reader = new LogReader(Segments, offsets, Epochs, Quarantine);
    }

    public SegmentList Segments { get; }

    /// <summary>Published bytes of all segments.</summary>
    public long SizeBytes
    {
        get
        {
            long sum = 0;
            foreach (LogSegment segment in Segments.Snapshot)
            {
                sum += segment.SizeBytes;
            }

            return sum;
        }
    }

    public ProducerStateTable Producers { get; }

    public LeaderEpochCheckpoint Epochs { get; }

    public Quarantine Quarantine { get; }

    /// <summary>The damaged ranges; empty when the log is whole.</summary>
    public DamagedRange[] Damage => Quarantine.Ranges;

    public RecoveryReport Report { get; }

    public int LeaderEpoch { get; }

    public LogReader Reader { get; }
}
