using LogQueue.Protocol;

namespace LogQueue.Client;

/// <summary>
/// A call could not be done: the broker refused, or could not be reached in time. The message says what, where and what to do.
/// </summary>
public class KafkaException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="errorCode">The broker's code; <see cref="ErrorCode.NetworkException"/> or <see cref="ErrorCode.RequestTimedOut"/> for
    /// our own.</param>
    /// <param name="message">What happened, where.</param>
    /// <param name="broker">host:port of the broker concerned, when there is one.</param>
    /// <param name="innerException">What caused it.</param>
    public KafkaException(ErrorCode errorCode, string message, string? broker = null, Exception? innerException = null)
        : base(message, innerException)
    {
        ErrorCode = errorCode;
        Broker = broker;
    }

    /// <summary>The code, as in the Kafka protocol.</summary>
    public ErrorCode ErrorCode { get; }

    /// <summary>Whether trying again later may help. The client has already tried for as long as its timeouts allow.</summary>
    public bool IsRetriable => !IsFinal && ErrorCodeFacts.IsRetriable(ErrorCode);

    /// <summary>The code may pass elsewhere, but not where this happened: trying again is no use.</summary>
    internal bool IsFinal { get; init; }

    /// <summary>host:port of the broker that failed or refused; null when none did.</summary>
    public string? Broker { get; }

    /// <summary>What to do about it, in one sentence; null when there is no general advice.</summary>
    public string? Hint => Errors.ErrorHints.For(ErrorCode);
}
