using LogQueue.Records;

namespace LogQueue.Client;

/// <summary>Where a record landed.</summary>
/// <param name="Partition">Topic and partition.</param>
/// <param name="Offset">Its offset; -1 when the broker did not say (acks none, or a retry of something already stored long ago).</param>
/// <param name="Timestamp">Its time: the broker's when the topic says LogAppendTime, else the one that was sent.</param>
public readonly record struct RecordMetadata(TopicPartition Partition, long Offset, DateTimeOffset Timestamp);
