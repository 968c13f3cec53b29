using System.Collections.Frozen;
using System.Text;

namespace LogQueue.Protocol;

/// <summary>What is known of each error code: Kafka's own name, whether a retry can help, and what it means. Thread-safe.</summary>
public static class ErrorCodeFacts
{
    private static readonly FrozenSet<ErrorCode> Retriable = new[]
    {
        ErrorCode.CorruptMessage,
        ErrorCode.UnknownTopicOrPartition,
        ErrorCode.LeaderNotAvailable,
        ErrorCode.NotLeaderOrFollower,
        ErrorCode.RequestTimedOut,
        ErrorCode.ReplicaNotAvailable,
        ErrorCode.NetworkException,
        ErrorCode.CoordinatorLoadInProgress,
        ErrorCode.CoordinatorNotAvailable,
        ErrorCode.NotCoordinator,
        ErrorCode.NotEnoughReplicas,
        ErrorCode.NotEnoughReplicasAfterAppend,
        ErrorCode.NotController,
        ErrorCode.ConcurrentTransactions,
        ErrorCode.KafkaStorageError,
        ErrorCode.FetchSessionIdNotFound,
        ErrorCode.InvalidFetchSessionEpoch,
        ErrorCode.ListenerNotFound,
        ErrorCode.FencedLeaderEpoch,
        ErrorCode.UnknownLeaderEpoch,
        ErrorCode.OffsetNotAvailable,
        ErrorCode.PreferredLeaderNotAvailable,
        ErrorCode.EligibleLeadersNotAvailable,
        ErrorCode.ElectionNotNeeded,
        ErrorCode.UnstableOffsetCommit,
        ErrorCode.ThrottlingQuotaExceeded,
        ErrorCode.UnknownTopicId,
        ErrorCode.InconsistentTopicId,
        ErrorCode.FetchSessionTopicIdError,
        ErrorCode.ShareSessionNotFound,
        ErrorCode.InvalidShareSessionEpoch,
        ErrorCode.ShareSessionLimitReached,
    }.ToFrozenSet();

    private static readonly FrozenDictionary<ErrorCode, string> Names =
        Enum.GetValues<ErrorCode>().ToFrozenDictionary(static code => code, static code => Upper(code.ToString()));

    /// <summary>True when the same request may succeed later.</summary>
    public static bool IsRetriable(ErrorCode code) => Retriable.Contains(code);

    /// <summary>Kafka's name, such as UNKNOWN_TOPIC_OR_PARTITION; a number that Kafka 4.4 does not know stays a number.</summary>
    public static string KafkaName(ErrorCode code) => Names.TryGetValue(code, out string? name) ? name : $"ERROR_{(short)code}";

    /// <summary>One sentence that says what the code means, for a person.</summary>
    public static string Describe(ErrorCode code) =>
        ErrorDescriptions.Of.TryGetValue(code, out string? description)
            ? description
            : $"The broker answered with error {(short)code}, which Kafka 4.4 does not have.";

    private static string Upper(string pascal)
    {
        var text = new StringBuilder();
        foreach (char c in pascal)
        {
            if (char.IsUpper(c) && text.Length > 0)
            {
                text.Append('_');
            }

            text.Append(char.ToUpperInvariant(c));
        }

        return text.ToString();
    }
}
