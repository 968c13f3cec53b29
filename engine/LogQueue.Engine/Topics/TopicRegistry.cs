using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using LogQueue.Engine.Errors;
using LogQueue.Engine.Metadata;
using LogQueue.Engine.Partitions;
using LogQueue.Storage;

namespace LogQueue.Engine.Topics;

/// <summary>
/// The topics of an engine, and the only writer of their records in the metadata log: a change is durable first and visible after.
/// Look-ups take no lock; changes come one after another. Thread-safe.
/// </summary>
internal sealed class TopicRegistry(LogEngineOptions options, PartitionHost host, MetadataLog metadata, int nodeId, Guid directoryId)
{
    /// <summary>Most partitions of one topic.</summary>
    public const int MostPartitions = 100_000;

    // Never disposed: those who wait at it when the engine closes must wake, and hear of it.
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly ConcurrentDictionary<string, Topic> _byName = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<Guid, Topic> _byId = new();

    // Names with '.' as '_': two topics may not differ in that alone. Guarded by the gate.
    private readonly Dictionary<string, string> _byPlainName = new(StringComparer.Ordinal);
    private bool _isStopped;

    /// <summary>All topics, sorted by name; a snapshot.</summary>
    public IReadOnlyList<Topic> All
    {
        get
        {
            Topic[] all = [.. _byName.Values];
            Array.Sort(all, static (a, b) => string.CompareOrdinal(a.Name, b.Name));
            return all;
        }
    }

    /// <summary>All topics in no order, without a copy.</summary>
    public IEnumerable<Topic> Unordered => _byName.Select(static pair => pair.Value);

    public bool TryGet(string name, [NotNullWhen(true)] out Topic? topic) => _byName.TryGetValue(name, out topic);

    public bool TryGet(Guid id, [NotNullWhen(true)] out Topic? topic) => _byId.TryGetValue(id, out topic);

    /// <summary>Takes a topic of the catalogue in while the engine opens; its logs are opened by the caller.</summary>
    public Topic Register(TopicEntry entry, IReadOnlyDictionary<string, string> configs)
    {
        var topic = new Topic(entry.Name, entry.Id, new TopicConfig(Known(entry.Name, configs), options.TopicDefaults));
        Partition[] partitions = [.. Enumerable.Range(0, entry.PartitionCount).Select(number => new Partition(host, topic, number))];
        topic.SetPartitions(partitions);
        Add(topic);
        return topic;
    }

    /// <summary>Checks what <see cref="CreateAsync"/> checks.</summary>
    public void ValidateNew(string name, int partitionCount, IReadOnlyDictionary<string, string>? configs)
    {
        if (TopicName.Problem(name) is { } problem)
        {
            throw new InvalidTopicNameException(name ?? "", problem);
        }

        if (name == TopicName.ClusterMetadata)
        {
            throw new InvalidTopicNameException(name, "it is the engine's own metadata log.");
        }

        if (_byName.ContainsKey(name))
        {
            throw new TopicExistsException(name);
        }

        if (partitionCount is not -1 and (< 1 or > MostPartitions))
        {
            throw new InvalidPartitionCountException($"Topic '{name}' cannot have {partitionCount} partitions: 1 to {MostPartitions} are allowed.");
        }

        TopicConfigKeys.Validate(configs ?? new Dictionary<string, string>());
    }

    public async Task<Topic> CreateAsync(
        string name, int partitionCount, IReadOnlyDictionary<string, string>? configs, CancellationToken cancellationToken)
    {
        ValidateNew(name, partitionCount, configs);
        await EnterAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ValidateNew(name, partitionCount, configs);
            if (_byPlainName.TryGetValue(Plain(name), out string? other))
            {
                throw new InvalidTopicNameException(name,
                    $"it differs from topic '{other}' in '.' and '_' alone, which metrics cannot tell apart.");
            }

            configs ??= new Dictionary<string, string>();
            int count = partitionCount == -1 ? options.DefaultPartitionCount : partitionCount;
            Guid id = KafkaUuid.Create();
            List<MetadataChange> changes = [MetadataRecords.Topic(name, id)];
            changes.AddRange(configs.Select(pair => MetadataRecords.Config(name, pair.Key, pair.Value)));
            changes.AddRange(Enumerable.Range(0, count).Select(number => MetadataRecords.Partition(id, number, nodeId, directoryId)));
            await metadata.AppendAsync(changes).ConfigureAwait(false);

            var topic = new Topic(name, id, new TopicConfig(configs, options.TopicDefaults));
            AddPartitions(topic, count);
            Add(topic);
            return topic;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Deletes a topic; <paramref name="removed"/> runs after it is gone, before its name may be used again.</summary>
    public async Task DeleteAsync(string name, Func<Topic, Task> removed, CancellationToken cancellationToken)
    {
        await EnterAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            Topic topic = Get(name);
            if (topic.IsInternal)
            {
                throw new InvalidTopicNameException(name, "it is an internal topic, which cannot be deleted.");
            }

            await metadata.AppendAsync([MetadataRecords.RemoveTopic(topic.Id)]).ConfigureAwait(false);
            _byName.TryRemove(name, out _);
            _byId.TryRemove(topic.Id, out _);
            _byPlainName.Remove(Plain(name));
            topic.MarkDeleted();
            foreach (Partition partition in topic.Partitions)
            {
                partition.Log.Delete();
                partition.Watchers.Signal();
            }

            await removed(topic).ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }
    }

    public async Task AddPartitionsAsync(string name, int newTotal, CancellationToken cancellationToken)
    {
        await EnterAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            Topic topic = Get(name);
            int count = topic.Partitions.Count;
            if (newTotal <= count || newTotal > MostPartitions || topic.IsInternal)
            {
                throw new InvalidPartitionCountException(
                    topic.IsInternal ? $"Topic '{name}' is internal: its partitions are fixed."
                    : newTotal > MostPartitions ? $"Topic '{name}' cannot have {newTotal} partitions: at most {MostPartitions} are allowed."
                    : $"Topic '{name}' has {count} partitions; the new total of {newTotal} must be larger. Partitions cannot be taken away.");
            }

            await metadata.AppendAsync(
                [.. Enumerable.Range(count, newTotal - count).Select(number =>
                    MetadataRecords.Partition(topic.Id, number, nodeId, directoryId))])
                .ConfigureAwait(false);
            AddPartitions(topic, newTotal);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Replaces a topic's own settings by what <paramref name="change"/> makes of them; one change at a time.</summary>
    public async Task SetConfigsAsync(
        string name, Func<IReadOnlyDictionary<string, string>, IReadOnlyDictionary<string, string>> change,
        CancellationToken cancellationToken)
    {
        await EnterAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            Topic topic = Get(name);
            IReadOnlyDictionary<string, string> before = topic.Config.Overrides;
            IReadOnlyDictionary<string, string> fullSet = change(before);
            TopicConfigKeys.Validate(fullSet);
            List<MetadataChange> changes = [];
            changes.AddRange(before.Keys.Where(key => !fullSet.ContainsKey(key)).Select(key => MetadataRecords.Config(name, key, null)));
            changes.AddRange(fullSet
                .Where(pair => !before.TryGetValue(pair.Key, out string? value) || value != pair.Value)
                .Select(pair => MetadataRecords.Config(name, pair.Key, pair.Value)));
            if (changes.Count == 0)
            {
                return;
            }

            await metadata.AppendAsync(changes).ConfigureAwait(false);
            topic.SetConfig(new TopicConfig(fullSet, options.TopicDefaults));
            LogOptions logOptions = topic.Config.ToLogOptions();
            foreach (Partition partition in topic.Partitions)
            {
                partition.Log.Opened?.Reconfigure(logOptions);
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Waits for a running change and lets no other begin: those that wait, and later ones, fail.</summary>
    public async Task StopAsync()
    {
        await _gate.WaitAsync().ConfigureAwait(false);
        _isStopped = true;
        _gate.Release();
    }

    private async Task EnterAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        if (_isStopped)
        {
            _gate.Release();
            throw new LogOfflineException("The engine is closed: its topics change no more. Open the data directory again.");
        }
    }

    private static string Plain(string name) => name.Replace('.', '_');

    /// <summary>
    /// Settings that a newer LogQueue or a Kafka wrote and we do not know, or would not take, do not stop the engine; they are left out,
    /// and one line for each topic names them.
    /// </summary>
    private Dictionary<string, string> Known(string topic, IReadOnlyDictionary<string, string> configs)
    {
        Dictionary<string, string> known = new(StringComparer.Ordinal);
        List<string> left = [];
        foreach ((string key, string value) in configs)
        {
            if (TopicConfigKeys.Check(key, value) is { } problem)
            {
                left.Add($"'{key}={value}' ({problem.TrimEnd('.')})");
            }
            else
            {
                known.Add(key, value);
            }
        }

        if (left.Count > 0)
        {
            options.OnWarning?.Invoke($"Topic '{topic}': its settings {string.Join(", ", left)} have no effect here: the defaults hold. "
                + "They stay in the metadata log; set the topic's settings anew to choose others.");
        }

        return known;
    }

    private Topic Get(string name) => _byName.TryGetValue(name, out Topic? topic) ? topic : throw new TopicNotFoundException(name);

    private void Add(Topic topic)
    {
        _byId[topic.Id] = topic;
        _byName[topic.Name] = topic;
        _byPlainName[Plain(topic.Name)] = topic.Name;
    }

    /// <summary>They get files with their first record: a partition that nobody writes costs no file, no sync and little memory.</summary>
    private void AddPartitions(Topic topic, int newTotal)
    {
        int count = topic.Partitions.Count;
        var partitions = new Partition[newTotal];
        for (int i = 0; i < newTotal; i++)
        {
            partitions[i] = i < count ? topic.Partitions[i] : new Partition(host, topic, i);
        }

        topic.SetPartitions(partitions);
    }
}
