using LogQueue.Storage.Segments;

namespace LogQueue.Storage.Partitions;

/// <summary>What recovery hands to a running log. Its parts are guarded by the log's append lock unless they say otherwise.</summary>
internal sealed class LogState
{
    public LogState(LogRecovery recovered, LogOffsets offsets)
    {
        Segments = recovered.Segments;
        Producers = recovered.Producers;
        Epochs = recovered.Epochs;
        Damage = [.. recovered.Damage];
        Report = recovered.Report;
        LeaderEpoch = Math.Max(0, recovered.Epochs.Latest);
        Reader = new LogReader(Segments, offsets, Epochs, Damage);
    }

    public SegmentList Segments { get; }

    public ProducerStateTable Producers { get; }

    public LeaderEpochCheckpoint Epochs { get; }

    public DamagedRange[] Damage { get; }

    public RecoveryReport Report { get; }

    public int LeaderEpoch { get; }

    public LogReader Reader { get; }
}
