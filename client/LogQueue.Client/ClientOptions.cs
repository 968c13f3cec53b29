namespace LogQueue.Client;

/// <summary>How a <see cref="LogQueueClient"/> talks to its cluster. Immutable, so free to share between threads.</summary>
public sealed record ClientOptions
{
    /// <summary>The name this client gives in every request: brokers show it in logs, quotas and group descriptions.</summary>
    public string ClientId { get; init; } = "logqueue";

    /// <summary>How long one request may wait for its answer before it fails (and its connection is replaced).</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long opening a connection may take, name look-up and version exchange included.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The longest that disposing the client, a producer or a consumer takes; what is unsent by then fails.</summary>
    public TimeSpan CloseTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The first pause after a failed attempt; doubles (with jitter) up to <see cref="MaxRetryBackoff"/>.</summary>
    public TimeSpan RetryBackoff { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>The longest pause between two attempts.</summary>
    public TimeSpan MaxRetryBackoff { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long an administrative call or a look-up goes on trying before it fails.</summary>
    public TimeSpan OperationTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The picture of the cluster (topics, leaders) is fetched again after this time even when nothing failed.</summary>
    public TimeSpan MetadataMaxAge { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The largest answer accepted from a broker, in bytes; a larger one closes the connection.</summary>
    public int MaxResponseBytes { get; init; } = 128 * 1024 * 1024;

    /// <summary>Requests that may be unanswered on one connection before the next one waits.</summary>
    public int MaxInFlightPerConnection { get; init; } = 64;

    /// <summary>The clock behind every timeout and timestamp.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>How long a topic or partition that the cluster does not know (yet, or any more) is asked for. Shorter in tests.</summary>
    internal TimeSpan TopicPatience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Where to connect instead of a broker's advertised host and port; null: there. For tests that stand between.</summary>
    internal Func<string, int, (string Host, int Port)>? AddressTranslation { get; init; }

    /// <summary>Every problem of these options, in words; empty when they are usable.</summary>
    public IReadOnlyList<string> Validate()
    {
        var problems = new List<string>();
        Positive(problems, RequestTimeout, nameof(RequestTimeout));
        Positive(problems, ConnectTimeout, nameof(ConnectTimeout));
        Positive(problems, CloseTimeout, nameof(CloseTimeout));
        Positive(problems, RetryBackoff, nameof(RetryBackoff));
        Positive(problems, OperationTimeout, nameof(OperationTimeout));
        Positive(problems, MetadataMaxAge, nameof(MetadataMaxAge));
        if (MaxRetryBackoff < RetryBackoff)
        {
            problems.Add($"{nameof(MaxRetryBackoff)} is {MaxRetryBackoff}: it must be at least {nameof(RetryBackoff)} ({RetryBackoff}).");
        }

        if (MaxResponseBytes < 64 * 1024)
        {
            problems.Add($"{nameof(MaxResponseBytes)} is {MaxResponseBytes}: it must be at least 65536 bytes.");
        }

        if (MaxInFlightPerConnection is < 1 or > 10_000)
        {
            problems.Add($"{nameof(MaxInFlightPerConnection)} is {MaxInFlightPerConnection}: it must be 1 to 10000 requests.");
        }

        return problems;
    }

    private static void Positive(List<string> problems, TimeSpan value, string name)
    {
        if (value <= TimeSpan.Zero)
        {
            problems.Add($"{name} is {value}: it must be longer than zero.");
        }
    }
}
