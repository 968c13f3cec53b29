using System.Diagnostics.CodeAnalysis;
using LogQueue.Engine;
using LogQueue.Engine.Partitions;
using LogQueue.Engine.Topics;
using LogQueue.Protocol;
using LogQueue.Server.Groups;

namespace LogQueue.Server.Requests;

/// <summary>What handlers share: the engine, the options, the group coordinator, who we are. Immutable; thread-safe.</summary>
internal sealed class Broker
{
    /// <summary>The log.</summary>
    public required LogEngine Engine { get; init; }

    /// <summary>How the server was started.</summary>
    public required ServerOptions Options { get; init; }

    /// <summary>The port we listen on, which clients are told unless another one is advertised.</summary>
    public required int Port { get; init; }

    /// <summary>The one coordinator of all groups.</summary>
    public required GroupCoordinator Groups { get; init; }

    /// <summary>Log lines of handlers.</summary>
    public required Microsoft.Extensions.Logging.ILogger Logger { get; init; }

    /// <summary>Counters.</summary>
    public required ServerMetrics Metrics { get; init; }

    /// <summary>Host that the client behind <paramref name="connection"/> is told to connect to.</summary>
    public string HostFor(ConnectionFacts connection) =>
        Options.AdvertisedHost ?? connection.LocalEndPoint?.Address.ToString() ?? Options.Host;

    /// <summary>The node id as the name of the broker resource.</summary>
    public string NodeName => Engine.NodeId.ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>The broker's settings that somebody set, and those that are known only at run time.</summary>
    public IReadOnlyDictionary<string, string> BrokerConfigs =>
        field ??= new Dictionary<string, string>(Options.BrokerConfigs, StringComparer.Ordinal)
        {
            ["node.id"] = NodeName,
            ["log.dirs"] = Path.GetFullPath(Engine.Options.DataDirectory),
        };

    /// <summary>Port that clients are told to connect to.</summary>
    public int AdvertisedPort => Options.AdvertisedPort ?? Port;

    /// <summary>Topics that clients see: all but the engine's own metadata log.</summary>
    public IEnumerable<Topic> ClientTopics => Engine.Topics.Where(static t => t.Name != TopicName.ClusterMetadata);

    /// <summary>Finds a topic that clients see, by name.</summary>
    public bool TryGetClientTopic(string name, [NotNullWhen(true)] out Topic? topic) =>
        Engine.TryGetTopic(name, out topic) && name != TopicName.ClusterMetadata;

    /// <summary>Finds a topic that clients see, by id.</summary>
    public bool TryGetClientTopic(Guid id, [NotNullWhen(true)] out Topic? topic) =>
        Engine.TryGetTopic(id, out topic) && topic.Name != TopicName.ClusterMetadata;

    /// <summary>Finds a partition, and says in the protocol's words why there is none.</summary>
    public ErrorCode TryGetPartition(string topicName, int index, out Partition? partition)
    {
        partition = null;
        return TryGetClientTopic(topicName, out Topic? topic)
            ? TryGetPartition(topic, index, out partition)
            : ErrorCode.UnknownTopicOrPartition;
    }

    /// <summary>Finds a partition of a topic, and says in the protocol's words why there is none.</summary>
    public static ErrorCode TryGetPartition(Topic topic, int index, out Partition? partition)
    {
        IReadOnlyList<Partition> partitions = topic.Partitions;
        partition = (uint)index < (uint)partitions.Count ? partitions[index] : null;
        return partition is null ? ErrorCode.UnknownTopicOrPartition : ErrorCode.None;
    }
}
