using LogQueue.Engine.Errors;
using LogQueue.Engine.Messages;
using LogQueue.Wire;

namespace LogQueue.Engine.Metadata;

/// <summary>
/// What the metadata log adds up to: topics, settings, the next producer id. Records of other kinds are passed over. Not thread-safe.
/// </summary>
internal sealed class Catalogue
{
    private readonly Dictionary<Guid, TopicEntry> _topics = [];
    private readonly Dictionary<string, SortedDictionary<string, string>> _configs = new(StringComparer.Ordinal);
    private readonly HashSet<Guid> _removed = [];

    // Records of an open transaction of Kafka's controller; they count once it ends. Null when none is open.
    private List<byte[]>? _undecided;

    /// <summary>Topics, in no order.</summary>
    public IReadOnlyCollection<TopicEntry> Topics => _topics.Values;

    /// <summary>The first producer id that was never reserved.</summary>
    public long NextProducerId { get; private set; }

    /// <summary>Our format version; 0 when the log is empty or Kafka's own.</summary>
    public short FormatVersion { get; private set; }

    /// <summary>True when a topic of this id existed and was deleted.</summary>
    public bool WasRemoved(Guid topicId) => _removed.Contains(topicId);

    /// <summary>A topic's own settings.</summary>
    public IReadOnlyDictionary<string, string> ConfigsOf(string topic) =>
        _configs.TryGetValue(topic, out SortedDictionary<string, string>? configs) ? configs : new Dictionary<string, string>();

    /// <summary>Takes one framed record in.</summary>
    /// <exception cref="WireFormatException">The record does not follow the format.</exception>
    public void Apply(ReadOnlyMemory<byte> frame)
    {
        var reader = new WireReader(frame);
        (short apiKey, short version) = MetadataRecords.ReadHead(ref reader);
        switch (apiKey)
        {
            case MetadataRecords.BeginTransactionKey:
                _undecided = [];
                break;
            case MetadataRecords.AbortTransactionKey:
                _undecided = null;
                break;
            case MetadataRecords.EndTransactionKey:
                List<byte[]> decided = _undecided ?? [];
                _undecided = null;
                decided.ForEach(one => Apply(one));
                break;
            default:
                if (_undecided is { } undecided)
                {
                    undecided.Add(frame.ToArray());
                }
                else
                {
                    Apply(ref reader, apiKey, version);
                }

                break;
        }
    }

    private void Apply(ref WireReader reader, short apiKey, short version)
    {
        switch (apiKey)
        {
            case MetadataRecords.TopicKey:
                TopicRecord topic = Read<TopicRecord>(ref reader, version);
                _topics.TryAdd(topic.TopicId, new TopicEntry(topic.Name, topic.TopicId));
                break;
            case MetadataRecords.PartitionKey:
                PartitionRecord partition = Read<PartitionRecord>(ref reader, version);
                if (_topics.TryGetValue(partition.TopicId, out TopicEntry? entry))
                {
                    entry.PartitionCount = Math.Max(entry.PartitionCount, partition.PartitionId + 1);
                }

                break;
            case MetadataRecords.ConfigKey:
                ApplyConfig(Read<ConfigRecord>(ref reader, version));
                break;
            case MetadataRecords.RemoveTopicKey:
                Guid id = Read<RemoveTopicRecord>(ref reader, version).TopicId;
                if (_topics.Remove(id, out TopicEntry? removed))
                {
                    _configs.Remove(removed.Name);
                }

                _removed.Add(id);
                break;
            case MetadataRecords.ProducerIdsKey:
                NextProducerId = Math.Max(NextProducerId, Read<ProducerIdsRecord>(ref reader, version).NextProducerId);
                break;
            case MetadataRecords.FeatureLevelKey:
                FeatureLevelRecord feature = Read<FeatureLevelRecord>(ref reader, version);
                if (feature.Name == MetadataRecords.FormatFeature)
                {
                    FormatVersion = feature.FeatureLevel;
                }

                break;
        }
    }

    private static T Read<T>(ref WireReader reader, short version)
        where T : IWireMessage<T> =>
        version <= T.HighestVersion ? T.Read(ref reader, version) : throw new EngineException(
            $"The metadata log holds a {typeof(T).Name} of version {version}; this LogQueue reads up to {T.HighestVersion}. "
            + "A newer LogQueue wrote it: use that one.");

    private void ApplyConfig(ConfigRecord record)
    {
        if (record.ResourceType != MetadataRecords.TopicResource)
        {
            return;
        }

        if (!_configs.TryGetValue(record.ResourceName, out SortedDictionary<string, string>? configs))
        {
            _configs[record.ResourceName] = configs = new SortedDictionary<string, string>(StringComparer.Ordinal);
        }

        if (record.Value is { } value)
        {
            configs[record.Name] = value;
        }
        else
        {
            configs.Remove(record.Name);
        }
    }
}
