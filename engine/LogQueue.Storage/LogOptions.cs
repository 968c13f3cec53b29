using LogQueue.Records;

namespace LogQueue.Storage;

/// <summary>The settings of one partition's log, from its topic's configuration. Defaults are Kafka's. Immutable.</summary>
internal sealed record LogOptions
{
    /// <summary>A segment rolls before it grows past this (<c>segment.bytes</c>).</summary>
    public int SegmentBytes { get; init; } = 1 << 30;

    /// <summary>A segment rolls when its first batch is this old (<c>segment.ms</c>).</summary>
    public long SegmentMs { get; init; } = 7L * 24 * 3600 * 1000;

    /// <summary>Bytes of log between two index entries (<c>index.interval.bytes</c>).</summary>
    public int IndexIntervalBytes { get; init; } = 4096;

    /// <summary>A segment rolls when its offset or time index reaches this size (<c>segment.index.bytes</c>).</summary>
    public int SegmentIndexBytes { get; init; } = 10 << 20;

    /// <summary>Segments whose newest record is older than this go (<c>retention.ms</c>); -1 keeps them.</summary>
    public long RetentionMs { get; init; } = 7L * 24 * 3600 * 1000;

    /// <summary>Oldest segments go while the rest is at least this large (<c>retention.bytes</c>); -1 keeps them.</summary>
    public long RetentionBytes { get; init; } = -1;

    /// <summary>Largest batch that is accepted (<c>max.message.bytes</c>).</summary>
    public int MaxMessageBytes { get; init; } = 1_048_588;

    /// <summary>Sync after this many records (<c>flush.messages</c>).</summary>
    public long FlushMessages { get; init; } = long.MaxValue;

    /// <summary>Sync at most this long after a write (<c>flush.ms</c>).</summary>
    public long FlushMs { get; init; } = long.MaxValue;

    /// <summary>The topic is compacted: keys are required (<c>cleanup.policy</c> contains compact).</summary>
    public bool Compacted { get; init; }

    /// <summary>Old segments are deleted by time and size (<c>cleanup.policy</c> contains delete).</summary>
    public bool DeleteOld { get; init; } = true;

    /// <summary>Who sets the time of a record (<c>message.timestamp.type</c>).</summary>
    public TimestampType TimestampType { get; init; } = TimestampType.CreateTime;

    /// <summary>How far a timestamp may lie in the past (<c>message.timestamp.before.max.ms</c>).</summary>
    public long TimestampBeforeMaxMs { get; init; } = long.MaxValue;

    /// <summary>How far a timestamp may lie in the future (<c>message.timestamp.after.max.ms</c>).</summary>
    public long TimestampAfterMaxMs { get; init; } = 3600 * 1000;

    /// <summary>An idle producer's sequence state is forgotten after this (<c>producer.id.expiration.ms</c>).</summary>
    public long ProducerExpirationMs { get; init; } = 24L * 3600 * 1000;

    /// <summary>Share of dirty bytes from which a compacted log is cleaned, 0 to 1 (<c>min.cleanable.dirty.ratio</c>).</summary>
    public double MinCleanableDirtyRatio { get; init; } = 0.5;

    /// <summary>A record is not cleaned before it is this old (<c>min.compaction.lag.ms</c>).</summary>
    public long MinCompactionLagMs { get; init; }

    /// <summary>A record becomes due for cleaning at the latest at this age (<c>max.compaction.lag.ms</c>).</summary>
    public long MaxCompactionLagMs { get; init; } = long.MaxValue;

    /// <summary>A tombstone stays this long after the pass that first met it (<c>delete.retention.ms</c>).</summary>
    public long DeleteRetentionMs { get; init; } = 24L * 3600 * 1000;

    /// <summary>
    /// Largest batch after decompression, where it has to be opened (<c>max.decompressed.message.bytes</c>).
    /// </summary>
    public int MaxDecompressedBytes { get; init; } = 64 << 20;

    /// <summary>
    /// Most milliseconds by which a segment rolls early, so that logs made at one time do not roll at one time (<c>segment.jitter.ms</c>).
    /// </summary>
    public long SegmentJitterMs { get; init; }

    /// <summary>
    /// The age at which a segment rolls: of a compacted log never later than its records have to be cleaned, and earlier by a jitter that
    /// the number decides, the same for a segment whenever it is asked for.
    /// </summary>
    public long RollMs(uint number)
    {
        long ms = Compacted ? Math.Min(SegmentMs, MaxCompactionLagMs) : SegmentMs;
        long jitterMs = Math.Min(SegmentJitterMs, ms);
        return jitterMs <= 0 ? ms : ms - (long)((UInt128)jitterMs * number >> 32);
    }

    /// <summary>First step of preallocation of a new segment, in bytes; small, so that many partitions are cheap.</summary>
    public int PreallocateFirstBytes { get; init; } = 256 << 10;

    /// <summary>Largest step of preallocation, in bytes.</summary>
    public int PreallocateStepBytes { get; init; } = 32 << 20;
}
