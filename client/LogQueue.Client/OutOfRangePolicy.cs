namespace LogQueue.Client;

/// <summary>What a consumer does when its offset is no longer (or not yet) in the log.</summary>
public enum OutOfRangePolicy
{
    /// <summary>Start over where <see cref="ConsumerOptions.Start"/> says; the beginning when that names an offset.</summary>
    Reset,

    /// <summary>End the enumeration with a <see cref="KafkaException"/>.</summary>
    Throw,
}
