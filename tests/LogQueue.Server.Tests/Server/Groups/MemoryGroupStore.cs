using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using LogQueue.Engine.Groups;
using LogQueue.Records;
using LogQueue.Server.Groups;

namespace LogQueue.Server.Tests.Server.Groups;

/// <summary>A group store in memory that can be told to fail or to wait.</summary>
internal sealed class MemoryGroupStore(TimeProvider time) : IGroupStore
{
    private readonly ConcurrentDictionary<string, ConcurrentDictionary<TopicPartition, CommittedOffset>> _offsets = new();
    private readonly ConcurrentDictionary<string, GroupSnapshot> _groups = new();

    public Dictionary<string, (Guid Id, int Partitions)> Topics { get; } = [];

    /// <summary>Every write waits for this.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    /// <summary>Every write throws this.</summary>
    public Exception? Failure { get; set; }

    public List<GroupSnapshot> Saved { get; } = [];

    public IReadOnlyList<string> Groups => [.. _offsets.Keys.Union(_groups.Keys).Order()];

    public void AddTopic(string name, int partitions) => Topics[name] = (Guid.NewGuid(), partitions);

    public async ValueTask CommitAsync(string group, IReadOnlyList<OffsetToCommit> offsets, CancellationToken cancellationToken)
    {
        await WriteAsync();
        ConcurrentDictionary<TopicPartition, CommittedOffset> stored = _offsets.GetOrAdd(group, static _ => new());
        foreach (OffsetToCommit o in offsets)
        {
            long now = time.GetUtcNow().ToUnixTimeMilliseconds();
            stored[o.Partition] = new CommittedOffset(o.Offset, o.LeaderEpoch, o.Metadata, now, o.ExpireTimestampMs);
        }
    }

    public bool TryGetOffset(string group, TopicPartition partition, out CommittedOffset offset)
    {
        offset = default;
        return _offsets.TryGetValue(group, out ConcurrentDictionary<TopicPartition, CommittedOffset>? stored)
            && stored.TryGetValue(partition, out offset);
    }

    public IReadOnlyList<KeyValuePair<TopicPartition, CommittedOffset>> OffsetsOf(string group) =>
        _offsets.TryGetValue(group, out ConcurrentDictionary<TopicPartition, CommittedOffset>? stored) ? [.. stored] : [];

    public async ValueTask DeleteAsync(string group, IReadOnlyList<TopicPartition>? partitions, CancellationToken cancellationToken)
    {
        await WriteAsync();
        if (partitions is null)
        {
            _offsets.TryRemove(group, out _);
            _groups.TryRemove(group, out _);
            return;
        }

        foreach (TopicPartition partition in partitions)
        {
            _offsets[group].TryRemove(partition, out _);
        }
    }

    public async ValueTask SaveGroupAsync(GroupSnapshot snapshot, CancellationToken cancellationToken)
    {
        await WriteAsync();
        _groups[snapshot.Group] = snapshot;
        lock (Saved)
        {
            Saved.Add(snapshot);
        }
    }

    public bool TryGetGroup(string group, [NotNullWhen(true)] out GroupSnapshot? snapshot) => _groups.TryGetValue(group, out snapshot);

    public bool HasPartition(TopicPartition partition) =>
        partition.Partition >= 0
        && Topics.TryGetValue(partition.Topic, out (Guid Id, int Partitions) topic)
        && partition.Partition < topic.Partitions;

    public bool TryGetTopicName(Guid topicId, [NotNullWhen(true)] out string? name)
    {
        name = Topics.FirstOrDefault(t => t.Value.Id == topicId).Key;
        return name is not null;
    }

    public bool TryGetTopicId(string name, out Guid topicId)
    {
        bool found = Topics.TryGetValue(name, out (Guid Id, int Partitions) topic);
        topicId = topic.Id;
        return found;
    }

    private async Task WriteAsync()
    {
        await Gate;
        if (Failure is not null)
        {
            throw Failure;
        }
    }
}
