namespace LogQueue.Engine.Topics;

/// <summary>The rules for names of topics: Kafka's.</summary>
public static class TopicName
{
    /// <summary>The longest name.</summary>
    public const int MaxLength = 249;

    /// <summary>The topic of committed offsets.</summary>
    public const string ConsumerOffsets = "__consumer_offsets";

    /// <summary>The topic of transactions.</summary>
    public const string TransactionState = "__transaction_state";

    /// <summary>The engine's own metadata log; not a topic for clients.</summary>
    public const string ClusterMetadata = "__cluster_metadata";

    /// <summary>True for the engine's own topics.</summary>
    public static bool IsInternal(string name) => name is ConsumerOffsets or TransactionState or ClusterMetadata;

    /// <summary>What is wrong with a name, in words; null when it is good.</summary>
    public static string? Problem(string? name)
    {
        if (string.IsNullOrEmpty(name))
        {
            return "it is empty.";
        }

        if (name is "." or "..")
        {
            return "it is '.' or '..'.";
        }

        if (name.Length > MaxLength)
        {
            return $"it has {name.Length} characters; at most {MaxLength} are allowed.";
        }

        foreach (char c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '_' or '-'))
            {
                return $"it contains '{c}'; only ASCII letters, digits, '.', '_' and '-' are allowed.";
            }
        }

        return null;
    }

    /// <summary>True when two names differ only in '.' and '_', which Kafka's metrics cannot tell apart.</summary>
    public static bool Collide(string first, string second) =>
        first.Length == second.Length && string.Equals(first.Replace('.', '_'), second.Replace('.', '_'), StringComparison.Ordinal);
}
