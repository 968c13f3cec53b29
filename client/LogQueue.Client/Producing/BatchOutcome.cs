using LogQueue.Protocol;

namespace LogQueue.Client.Producing;

/// <summary>What the broker (or the network) said about one batch.</summary>
/// <param name="Error">None when stored.</param>
/// <param name="BaseOffset">Where its first record landed; -1 unknown.</param>
/// <param name="AppendTimestampMs">The broker's time when the topic uses it; else -1.</param>
/// <param name="Failure">The error in words; null when stored.</param>
internal readonly record struct BatchOutcome(ErrorCode Error, long BaseOffset, long AppendTimestampMs, KafkaException? Failure)
{
    /// <summary>The answer named a leader that was not known before.</summary>
    public bool KnowsLeader { get; init; }

    public static BatchOutcome Lost(KafkaException failure) => new(failure.ErrorCode, -1, -1, failure);
}
