using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace LogQueue.Server;

/// <summary>
/// Everything that shapes a <see cref="LogQueueServer"/>. Names of Kafka's keys stand in each description. Immutable; thread-safe.
/// </summary>
public sealed record ServerOptions
{
    /// <summary>
    /// Address or host name to listen on (<c>listeners</c>); <c>0.0.0.0</c> and <c>::</c> listen everywhere. Loopback by default.
    /// </summary>
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>TCP port to listen on (<c>listeners</c>), 0 to 65,535; 0 takes a free one.</summary>
    public int Port { get; init; } = 9092;

    /// <summary>
    /// Host name that clients are told to connect to (<c>advertised.listeners</c>); null: the address the client reached us at.
    /// </summary>
    public string? AdvertisedHost { get; init; }

    /// <summary>Port that clients are told to connect to (<c>advertised.listeners</c>); null: the port we listen on.</summary>
    public int? AdvertisedPort { get; init; }

    /// <summary>Name of the rack or site this broker stands in (<c>broker.rack</c>); null: none.</summary>
    public string? Rack { get; init; }

    /// <summary>Most connections at once (<c>max.connections</c>); further ones are closed at once.</summary>
    public int MaxConnections { get; init; } = 10_000;

    /// <summary>Most connections at once from one address (<c>max.connections.per.ip</c>).</summary>
    public int MaxConnectionsPerAddress { get; init; } = int.MaxValue;

    /// <summary>A connection on which nothing arrives for this long is closed (<c>connections.max.idle.ms</c>).</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>A request that has begun to arrive must be complete within this time.</summary>
    public TimeSpan FrameTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A connection that takes no bytes of a response for this long is closed.</summary>
    public TimeSpan SendStallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Largest request in bytes (<c>socket.request.max.bytes</c>); a larger announced size closes the connection.</summary>
    public int MaxRequestBytes { get; init; } = 100 * 1024 * 1024;

    /// <summary>
    /// Bytes that all requests received and not yet applied may hold together (<c>queued.max.request.bytes</c>); reading pauses
    /// above it. -1: a quarter of the memory the process may use.
    /// </summary>
    public long MaxQueuedRequestBytes { get; init; } = -1;

    /// <summary>
    /// Requests of one connection that may wait for their response (<c>queued.max.requests</c>); reading pauses above it.
    /// </summary>
    public int MaxQueuedRequests { get; init; } = 500;

    /// <summary>Length of the kernel's queue of connections not yet accepted (<c>socket.listen.backlog.size</c>).</summary>
    public int ListenBacklog { get; init; } = 512;

    /// <summary>Kernel send buffer in bytes (<c>socket.send.buffer.bytes</c>); -1 leaves it to the kernel.</summary>
    public int SendBufferBytes { get; init; } = -1;

    /// <summary>Kernel receive buffer in bytes (<c>socket.receive.buffer.bytes</c>); -1 leaves it to the kernel.</summary>
    public int ReceiveBufferBytes { get; init; } = -1;

    /// <summary>
    /// Most record bytes of one fetch response (<c>fetch.max.bytes</c>); the first batch is returned even if it is larger.
    /// </summary>
    public int FetchMaxBytes { get; init; } = 55 * 1024 * 1024;

    /// <summary>Metadata requests of producers create missing topics (<c>auto.create.topics.enable</c>).</summary>
    public bool AutoCreateTopics { get; init; } = true;

    /// <summary>Clients may delete topics (<c>delete.topic.enable</c>).</summary>
    public bool DeleteTopics { get; init; } = true;

    /// <summary>
    /// A replication factor above 1 is taken as 1 instead of refused (<c>logqueue.replication.factor.policy=clamp</c>): one node has
    /// one replica.
    /// </summary>
    public bool ClampReplicationFactor { get; init; }

    /// <summary>
    /// How long an empty group waits for further members before it first balances (<c>group.initial.rebalance.delay.ms</c>).
    /// </summary>
    public int GroupInitialRebalanceDelayMs { get; init; } = 3000;

    /// <summary>Shortest session timeout a group member may ask for (<c>group.min.session.timeout.ms</c>).</summary>
    public int GroupMinSessionTimeoutMs { get; init; } = 6000;

    /// <summary>Longest session timeout a group member may ask for (<c>group.max.session.timeout.ms</c>).</summary>
    public int GroupMaxSessionTimeoutMs { get; init; } = 1_800_000;

    /// <summary>Most members of a group (<c>group.max.size</c>).</summary>
    public int GroupMaxSize { get; init; } = int.MaxValue;

    /// <summary>Offsets of a group without members are kept this long (<c>offsets.retention.minutes</c>).</summary>
    public TimeSpan OffsetsRetention { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Longest metadata string of a committed offset, in bytes (<c>offset.metadata.max.bytes</c>).</summary>
    public int OffsetMetadataMaxBytes { get; init; } = 4096;

    /// <summary>Clock of every timeout.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Where log lines go.</summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;

    /// <summary>The configured broker keys as they were given, for <c>DescribeConfigs</c>.</summary>
    public IReadOnlyDictionary<string, string> BrokerConfigs { get; init; } = new Dictionary<string, string>();

    /// <summary>Names every value that makes no sense; empty when the options are good.</summary>
    public IReadOnlyList<string> Validate()
    {
        var problems = new List<string>();
        Check(Host.Length > 0, "Host is empty: name an address to listen on, such as 127.0.0.1.");
        Check(Port is >= 0 and <= 65_535, $"Port is {Port}: a port is 0 to 65535.");
        Check(AdvertisedPort is null or (> 0 and <= 65_535), $"AdvertisedPort is {AdvertisedPort}: a port is 1 to 65535.");
        Check(MaxConnections > 0, $"MaxConnections is {MaxConnections}: at least 1 is needed.");
        Check(MaxConnectionsPerAddress > 0, $"MaxConnectionsPerAddress is {MaxConnectionsPerAddress}: at least 1 is needed.");
        Check(MaxRequestBytes >= 1024, $"MaxRequestBytes is {MaxRequestBytes}: at least 1024 is needed.");
        Check(MaxQueuedRequestBytes is -1 or > 0, $"MaxQueuedRequestBytes is {MaxQueuedRequestBytes}: -1 or more than 0.");
        Check(MaxQueuedRequests > 0, $"MaxQueuedRequests is {MaxQueuedRequests}: at least 1 is needed.");
        Check(ListenBacklog > 0, $"ListenBacklog is {ListenBacklog}: at least 1 is needed.");
        Check(FetchMaxBytes >= 1024, $"FetchMaxBytes is {FetchMaxBytes}: at least 1024 is needed.");
        Check(IdleTimeout > TimeSpan.Zero, $"IdleTimeout is {IdleTimeout}: it must be positive.");
        Check(FrameTimeout > TimeSpan.Zero, $"FrameTimeout is {FrameTimeout}: it must be positive.");
        Check(SendStallTimeout > TimeSpan.Zero, $"SendStallTimeout is {SendStallTimeout}: it must be positive.");
        Check(
            GroupInitialRebalanceDelayMs >= 0, $"GroupInitialRebalanceDelayMs is {GroupInitialRebalanceDelayMs}: it must not be negative.");
        Check(
            GroupMinSessionTimeoutMs > 0 && GroupMaxSessionTimeoutMs >= GroupMinSessionTimeoutMs,
            $"Session timeouts from {GroupMinSessionTimeoutMs} to {GroupMaxSessionTimeoutMs} ms: a positive, ordered range is needed.");
        return problems;

        void Check(bool good, string problem)
        {
            if (!good)
            {
                problems.Add(problem);
            }
        }
    }
}
