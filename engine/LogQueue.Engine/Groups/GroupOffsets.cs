using System.Diagnostics.CodeAnalysis;
using LogQueue.Engine.Errors;
using LogQueue.Engine.Topics;
using LogQueue.Records;

namespace LogQueue.Engine.Groups;

/// <summary>
/// Committed offsets and stored states of groups, kept in <c>__consumer_offsets</c> in Kafka's own record format.
/// Everything is durable when the call returns, whatever the engine's durability. Thread-safe.
/// </summary>
public sealed class GroupOffsets
{
    /// <summary>Kafka's bound of an offset's metadata (<c>offset.metadata.max.bytes</c>), in characters.</summary>
    public const int MaxMetadataLength = 4096;

    private readonly LogEngineOptions _options;
    private readonly TopicRegistry _topics;
    private readonly SemaphoreSlim _creating = new(1, 1);
    private OffsetsShard[]? _shards;

    internal GroupOffsets(LogEngineOptions options, TopicRegistry topics)
    {
        _options = options;
        _topics = topics;
    }

    /// <summary>
    /// Says whether a group has live members, so that its offsets do not expire. Set by the group coordinator; null asks the stored state.
    /// </summary>
    public Func<string, bool>? GroupInUse { get; set; }

    /// <summary>Ids of all groups with offsets or a stored state, sorted.</summary>
    public IReadOnlyList<string> Groups
    {
        get
        {
            List<string> all = [.. (_shards ?? []).SelectMany(static shard => shard.Groups())];
            all.Sort(StringComparer.Ordinal);
            return all;
        }
    }

    /// <summary>Stores positions of a group; all or none, durable when it returns. Concurrent commits share a sync.</summary>
    /// <exception cref="AppendRefusedException">The disk is full; nothing was stored.</exception>
    /// <exception cref="LogQueue.Storage.LogOfflineException">The data directory is fenced.</exception>
    public async ValueTask CommitAsync(string group, IReadOnlyList<OffsetToCommit> offsets, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(group);
        ArgumentNullException.ThrowIfNull(offsets);
        if (offsets.Count == 0)
        {
            return;
        }

        long now = _options.TimeProvider.GetUtcNow().ToUnixTimeMilliseconds();
        var changes = new GroupChange[offsets.Count];
        for (int i = 0; i < changes.Length; i++)
        {
            OffsetToCommit offset = offsets[i];
            if (offset.Metadata?.Length > MaxMetadataLength)
            {
                throw new ArgumentException($"The metadata of an offset has {offset.Metadata.Length} characters; at most {MaxMetadataLength} are kept.", nameof(offsets));
            }

            changes[i] = GroupChange.Commit(
                group, offset.Partition, new CommittedOffset(offset.Offset, offset.LeaderEpoch, offset.Metadata, now,
                    offset.ExpireTimestampMs));
        }

        OffsetsShard shard = await ShardForChangeAsync(group, cancellationToken).ConfigureAwait(false);
        await shard.ChangeAsync(changes, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The stored position of a group in a partition.</summary>
    public bool TryGet(string group, TopicPartition partition, out CommittedOffset offset)
    {
        offset = default;
        return Shard(group)?.TryGet(group, partition, out offset) == true;
    }

    /// <summary>All stored positions of a group; empty for an unknown one.</summary>
    public IReadOnlyList<KeyValuePair<TopicPartition, CommittedOffset>> Of(string group) => Shard(group)?.Of(group) ?? [];

    /// <summary>Removes positions of a group; null for the group as a whole, its stored state included. Durable when it returns.</summary>
    public async ValueTask DeleteAsync(string group, IReadOnlyList<TopicPartition>? partitions, CancellationToken cancellationToken =
        default)
    {
        if (Shard(group) is not { } shard)
        {
            return;
        }

        IEnumerable<TopicPartition> stored = shard.Of(group).Select(static pair => pair.Key);
        List<GroupChange> changes = [.. (partitions is null ? stored : stored.Intersect(partitions))
            .Select(partition => GroupChange.Commit(group, partition, null))];
        if (partitions is null && shard.Snapshot(group) is not null)
        {
            changes.Add(GroupChange.State(group, null));
        }

        await shard.ChangeManyAsync(changes, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Stores the state of a group; durable when it returns.</summary>
    public async ValueTask SaveGroupAsync(GroupSnapshot snapshot, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        OffsetsShard shard = await ShardForChangeAsync(snapshot.Group, cancellationToken).ConfigureAwait(false);
        await shard.ChangeAsync([GroupChange.State(snapshot.Group, snapshot)], cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The stored state of a group.</summary>
    public bool TryGetGroup(string group, [NotNullWhen(true)] out GroupSnapshot? snapshot)
    {
        snapshot = Shard(group)?.Snapshot(group);
        return snapshot is not null;
    }

    /// <summary>The partition of <c>__consumer_offsets</c> that holds a group, as Kafka chooses it.</summary>
    public int PartitionOf(string group) => PartitionOf(group, _shards?.Length ?? _options.OffsetsPartitionCount);

    /// <summary>
    /// Removes what has expired from groups that are not in use; maintenance calls it. An offset expires by its own wish, or
    /// <see cref="LogEngineOptions.OffsetsRetention"/> after its commit and after its group became empty, whichever is later.
    /// A group with nothing left goes. Returns the number of positions removed.
    /// </summary>
    public async ValueTask<int> ExpireAsync(CancellationToken cancellationToken = default)
    {
        long now = _options.TimeProvider.GetUtcNow().ToUnixTimeMilliseconds();
        long retentionMs = (long)_options.OffsetsRetention.TotalMilliseconds;
        int removed = 0;
        foreach (OffsetsShard shard in _shards ?? [])
        {
            foreach (string group in shard.Groups())
            {
                GroupSnapshot? snapshot = shard.Snapshot(group);
                if (GroupInUse is { } inUse ? inUse(group) : snapshot?.Members.Count > 0)
                {
                    continue;
                }

                IReadOnlyList<KeyValuePair<TopicPartition, CommittedOffset>> stored = shard.Of(group);
                long emptySinceMs = snapshot?.StateTimestampMs ?? -1;
                List<GroupChange> changes = [.. stored.Where(pair => IsExpired(pair.Value, emptySinceMs))
                    .Select(pair => GroupChange.Commit(group, pair.Key, null))];
                removed += changes.Count;
                if (snapshot is not null && changes.Count == stored.Count && now - retentionMs >= emptySinceMs)
                {
                    changes.Add(GroupChange.State(group, null));
                }

                await shard.ChangeManyAsync(changes, cancellationToken).ConfigureAwait(false);
            }
        }

        return removed;

        bool IsExpired(CommittedOffset offset, long emptySinceMs) => offset.ExpireTimestampMs >= 0
            ? now >= offset.ExpireTimestampMs
            : now - retentionMs >= Math.Max(offset.CommitTimestampMs, emptySinceMs);
    }

    internal static int PartitionOf(string group, int partitionCount)
    {
        // Java's String.hashCode and its absolute value, whose only exception is the smallest integer.
        int hash = 0;
        foreach (char c in group)
        {
            hash = unchecked((31 * hash) + c);
        }

        return (hash == int.MinValue ? 0 : Math.Abs(hash)) % partitionCount;
    }

    /// <summary>Reads all groups while the engine opens, if there is a topic of offsets.</summary>
    internal async Task LoadAsync(CancellationToken cancellationToken)
    {
        if (!_topics.TryGet(TopicName.ConsumerOffsets, out Topic? topic))
        {
            return;
        }

        OffsetsShard[] shards = MakeShards(topic);
        await Parallel.ForAsync(0, shards.Length, cancellationToken, (i, _) =>
        {
            if (topic.Partitions[i].Log.Opened is { } log)
            {
                shards[i].Load(log);
            }

            return ValueTask.CompletedTask;
        }).ConfigureAwait(false);
        Volatile.Write(ref _shards, shards);
    }

    /// <summary>Forgets all positions in a topic that was deleted.</summary>
    internal async Task RemoveTopicAsync(string topic)
    {
        foreach (OffsetsShard shard in _shards ?? [])
        {
            foreach (string group in shard.Groups())
            {
                List<GroupChange> changes = [.. shard.Of(group).Where(pair => pair.Key.Topic == topic)
                    .Select(pair => GroupChange.Commit(group, pair.Key, null))];
                await shard.ChangeManyAsync(changes, CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    private OffsetsShard? Shard(string group)
    {
        ArgumentNullException.ThrowIfNull(group);
        return Volatile.Read(ref _shards) is { } shards ? shards[PartitionOf(group, shards.Length)] : null;
    }

    private async ValueTask<OffsetsShard> ShardForChangeAsync(string group, CancellationToken cancellationToken)
    {
        if (Shard(group) is { } shard)
        {
            return shard;
        }

        await _creating.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_shards is null)
            {
                if (!_topics.TryGet(TopicName.ConsumerOffsets, out Topic? topic))
                {
                    topic = await _topics.CreateAsync(
                        TopicName.ConsumerOffsets, _options.OffsetsPartitionCount, InternalTopicConfigs,
                            cancellationToken).ConfigureAwait(false);
                }

                Volatile.Write(ref _shards, MakeShards(topic));
            }

            return Shard(group)!;
        }
        finally
        {
            _creating.Release();
        }
    }

    /// <summary>
    /// Settings of <c>__consumer_offsets</c>: as Kafka's, with smaller segments, so that the cleaner, which never touches the newest one,
    /// keeps the log small enough to be read whole at every start.
    /// </summary>
    internal static IReadOnlyDictionary<string, string> InternalTopicConfigs { get; } = new Dictionary<string, string>
    {
        ["cleanup.policy"] = "compact",
        ["compression.type"] = "producer",
        ["segment.bytes"] = "4194304",
    };

    private OffsetsShard[] MakeShards(Topic topic) =>
        [.. topic.Partitions.Select(partition => new OffsetsShard(
            partition, _options.TimeProvider, name => _topics.TryGet(name, out Topic? known) ? known.Id : default))];
}
