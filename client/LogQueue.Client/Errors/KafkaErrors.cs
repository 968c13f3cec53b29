using LogQueue.Protocol;

namespace LogQueue.Client.Errors;

/// <summary>Words for error codes.</summary>
internal static class KafkaErrors
{
    /// <summary>An exception for what a broker refused.</summary>
    /// <param name="code">The broker's code.</param>
    /// <param name="what">What was asked for, as a noun: "topic 'a'".</param>
    /// <param name="broker">host:port.</param>
    /// <param name="detail">The broker's own words, when it gave some.</param>
    public static KafkaException Of(ErrorCode code, string what, string? broker = null, string? detail = null) =>
        new(code, Words(code, what, broker, detail), broker);

    /// <summary>The same, where another try would not help although the code is a retriable one.</summary>
    public static KafkaException Final(ErrorCode code, string what, string? broker = null, string? detail = null) =>
        new(code, Words(code, what, broker, detail), broker) { IsFinal = true };

    private static string Words(ErrorCode code, string what, string? broker, string? detail)
    {
        string reason = string.IsNullOrEmpty(detail) ? ErrorCodeFacts.Describe(code) : detail;
        string hint = ErrorHints.For(code) is { } advice ? " " + advice : "";
        string from = broker is null ? "" : $" (broker {broker})";
        return $"{what}: {ErrorCodeFacts.KafkaName(code)}: {reason.TrimEnd('.')}{from}.{hint}";
    }

    /// <summary>Whether the picture of the cluster is probably out of date.</summary>
    public static bool WantsRefresh(ErrorCode code) => code is ErrorCode.NotLeaderOrFollower or ErrorCode.LeaderNotAvailable
        or ErrorCode.UnknownTopicOrPartition or ErrorCode.UnknownTopicId or ErrorCode.FencedLeaderEpoch or ErrorCode.UnknownLeaderEpoch
        or ErrorCode.NetworkException or ErrorCode.RequestTimedOut or ErrorCode.ReplicaNotAvailable or ErrorCode.KafkaStorageError
        or ErrorCode.InconsistentTopicId or ErrorCode.BrokerNotAvailable;

    /// <summary>Whether another try may work: the protocol's word, and a connection that broke.</summary>
    public static bool IsRetriable(ErrorCode code) => code == ErrorCode.NetworkException || ErrorCodeFacts.IsRetriable(code);

    /// <summary>Whether <paramref name="error"/> may go away by itself.</summary>
    public static bool IsRetriable(KafkaException error) =>
        error.IsRetriable || error.ErrorCode == ErrorCode.NetworkException;
}
