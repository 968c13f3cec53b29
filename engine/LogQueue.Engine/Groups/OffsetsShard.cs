using LogQueue.Engine.Errors;
using LogQueue.Engine.Partitions;
using LogQueue.Records;
using LogQueue.Storage;
using LogQueue.Storage.Partitions;

namespace LogQueue.Engine.Groups;

/// <summary>
/// The groups of one partition of <c>__consumer_offsets</c>: their state in memory and its records in the log. A change is appended
/// under the gate, waits for the sync outside, and is applied if nothing newer (by log offset) was applied before: memory follows the log's
/// order, whatever the order of the waits. Thread-safe.
/// </summary>
internal sealed class OffsetsShard(Partition partition, TimeProvider timeProvider, Func<string, Guid> topicIdOf)
{
    /// <summary>Changes in one batch of a long deletion.</summary>
    private const int MostChangesPerBatch = 1000;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, GroupState> _groups = new(StringComparer.Ordinal);

    private readonly List<(string Group, TopicPartition Partition)> _removals = [];
    private int _inFlight;

    /// <summary>Appends changes as one batch; durable and applied when it returns.</summary>
    public async ValueTask ChangeAsync(IReadOnlyList<GroupChange> changes, CancellationToken cancellationToken)
    {
        using RecordBatchBuilder builder = Build(changes);
        Memory<byte> batch = builder.Build();
        AppendResult result;
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            result = AppendLocked(batch);
            _inFlight++;
        }

        bool durable = false;
        try
        {
            // Not cancellable: what is in the log must reach the memory, too.
            if (!PlantedBugs.IsOn(PlantedBug.LoseCommittedOffset))
            {
                await partition.Log.Open().WaitUntilDurableAsync(result.NextOffset, CancellationToken.None).ConfigureAwait(false);
            }

            durable = true;
        }
        finally
        {
            Finish(changes, result.BaseOffset, durable);
        }
    }

    /// <summary>Appends any number of changes, in several batches where one would be too large.</summary>
    public async ValueTask ChangeManyAsync(IReadOnlyList<GroupChange> changes, CancellationToken cancellationToken)
    {
        for (int i = 0; i < changes.Count; i += MostChangesPerBatch)
        {
            await ChangeAsync([.. changes.Skip(i).Take(MostChangesPerBatch)], cancellationToken).ConfigureAwait(false);
        }
    }

    public bool TryGet(string group, TopicPartition topicPartition, out CommittedOffset offset)
    {
        lock (_gate)
        {
            if (_groups.TryGetValue(group, out GroupState? state)
                && state.Offsets.TryGetValue(topicPartition, out GroupState.Entry entry) && entry.Offset is { } found)
            {
                offset = found;
                return true;
            }
        }

        offset = default;
        return false;
    }

    public GroupSnapshot? Snapshot(string group)
    {
        lock (_gate)
        {
            return _groups.GetValueOrDefault(group)?.Snapshot;
        }
    }

    public IReadOnlyList<KeyValuePair<TopicPartition, CommittedOffset>> Of(string group)
    {
        lock (_gate)
        {
            return !_groups.TryGetValue(group, out GroupState? state) ? [] :
                [.. state.Offsets.Where(static pair => pair.Value.Offset is not null)
                    .Select(static pair => KeyValuePair.Create(pair.Key, pair.Value.Offset!.Value))];
        }
    }

    public List<string> Groups()
    {
        lock (_gate)
        {
            return [.. _groups.Where(static pair => pair.Value.Exists).Select(static pair => pair.Key)];
        }
    }

    /// <summary>Takes the whole log in while the engine opens; offsets of open or aborted transactions are left out.</summary>
    public void Load(PartitionLog log)
    {
        var pending = new Dictionary<long, List<(GroupChange Change, long Offset)>>();
        using var cursor = new BatchCursor(
            offset => log.Read(offset, BatchCursor.ReadBytes, ReadIsolation.LogEnd, atLeastOneBatch: true), log.LogStartOffset);
        while (cursor.MoveNext())
        {
            LoadBatch(cursor.Current, pending);
        }

        if (cursor.LastRead.Status != ReadStatus.Ok)
        {
            throw new CorruptRecordException(
                $"'{log.Directory}' cannot be read at offset {cursor.NextOffset} ({cursor.LastRead.Status}): committed offsets of its groups are not known. "
                + "Restore the directory from a copy, or move it away to start these groups anew.");
        }

        lock (_gate)
        {
            ForgetRemovalsLocked();
        }
    }

    private void LoadBatch(ReadOnlyMemory<byte> batch, Dictionary<long, List<(GroupChange Change, long Offset)>> pending)
    {
        var view = new RecordBatchView(batch.Span);
        long producerId = view.ProducerId;
        bool isControl = view.IsControl;
        bool isTransactional = view.IsTransactional;
        using RecordBatchReader reader = RecordBatchReader.Open(batch);
        while (reader.TryRead(out Record record))
        {
            if (isControl)
            {
                // A marker's key: int16 version, int16 type; 1 commits, 0 aborts.
                bool commit = record.Key is { Length: >= 4 } marker && marker.Span[3] == 1;
                if (pending.Remove(producerId, out List<(GroupChange Change, long Offset)>? decided) && commit)
                {
                    decided.ForEach(item => Load(item.Change, item.Offset));
                }
            }
            else if (record.Key is { } key)
            {
                GroupChange change = GroupRecords.Read(key, record.Value);
                if (change.Kind == GroupChangeKind.Other)
                {
                    continue; // next-generation groups of a Kafka directory: they stay in the log, unread
                }

                if (!isTransactional)
                {
                    Load(change, record.Offset);
                }
                else
                {
                    (pending.TryGetValue(producerId, out var list) ? list : pending[producerId] = []).Add((change, record.Offset));
                }
            }
        }
    }

    private void Load(GroupChange change, long offset)
    {
        lock (_gate)
        {
            ApplyLocked(change, offset);
        }
    }

    private void ApplyLocked(in GroupChange change, long logOffset)
    {
        if (!_groups.TryGetValue(change.Group, out GroupState? state))
        {
            _groups[change.Group] = state = new GroupState();
        }

        state.Apply(change, logOffset, _removals);
    }

    private void Finish(IReadOnlyList<GroupChange> changes, long baseOffset, bool durable)
    {
        lock (_gate)
        {
            for (int i = 0; durable && i < changes.Count; i++)
            {
                ApplyLocked(changes[i], baseOffset + i);
            }

            if (--_inFlight == 0)
            {
                ForgetRemovalsLocked();
            }
        }
    }

    /// <summary>With nothing in flight no older change can come any more: removed things need no memory.</summary>
    private void ForgetRemovalsLocked()
    {
        foreach ((string group, TopicPartition topicPartition) in _removals)
        {
            if (!_groups.TryGetValue(group, out GroupState? state))
            {
                continue;
            }

            if (topicPartition.Topic is not null && state.Offsets.TryGetValue(topicPartition, out GroupState.Entry entry)
                && entry.Offset is null)
            {
                state.Offsets.Remove(topicPartition);
            }

            if (state.IsEmpty)
            {
                _groups.Remove(group);
            }
        }

        _removals.Clear();
    }

    private AppendResult AppendLocked(Memory<byte> batch)
    {
        AppendResult result = partition.Append(batch, AppendOrigin.Internal);
        return result.Status switch
        {
            AppendStatus.Appended => result,
            AppendStatus.Offline =>
                throw new LogOfflineException($"{partition.Id.Topic}-{partition.Id.Partition} takes no writes: {result.Detail}"),
            _ => throw new AppendRefusedException(partition.Id, result),
        };
    }

    private RecordBatchBuilder Build(IReadOnlyList<GroupChange> changes)
    {
        long now = timeProvider.GetUtcNow().ToUnixTimeMilliseconds();
        var builder = new RecordBatchBuilder(new RecordBatchBuilderOptions
        {
            Compression = CompressionType.None,
            MaxBatchBytes = partition.Topic.Config.MaxMessageBytes,
        });
        foreach (GroupChange change in changes)
        {
            byte[] key = GroupRecords.Key(change);
            byte[]? value = GroupRecords.Value(change, change.Kind == GroupChangeKind.Offset ? topicIdOf(change.Partition.Topic) : default);
            if (!builder.TryAppend(now, key, value is null ? (ReadOnlyMemory<byte>?)null : value))
            {
                builder.Dispose();
                throw new EngineException(
                    $"{changes.Count} changes of group '{changes[0].Group}' are more than one batch of {partition.Topic.Config.MaxMessageBytes} bytes: commit fewer at a time.");
            }
        }

        return builder;
    }
}
