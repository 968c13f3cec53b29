using System.Collections.Concurrent;
using LogQueue.Client;
using LogQueue.Records;

namespace LogQueue.Streams.Runtime;

/// <summary>
/// The tasks of this instance. Records are processed one batch at a time; a rebalance waits for the batch at work. Thread-safe.
/// </summary>
internal sealed class TaskTable(StreamTopology topology, IStreamOutput output)
{
    private readonly ConcurrentDictionary<TopicPartition, StreamTask> _tasks = new();
    private readonly SemaphoreSlim _work = new(1, 1);
    private long _lateOfDropped;

    public long LateCount => Interlocked.Read(ref _lateOfDropped) + _tasks.Values.Sum(static t => t.LateCount);

    public void Assign(TopicPartition partition, TaskPosition? position)
    {
        var task = new StreamTask(topology.Source(partition.Topic), partition, output);
        if (position is { } known)
        {
            task.Restore(known);
        }

        _tasks[partition] = task;
    }

    public void Drop(IReadOnlyList<TopicPartition> partitions)
    {
        foreach (TopicPartition partition in partitions)
        {
            if (_tasks.TryRemove(partition, out StreamTask? task))
            {
                Interlocked.Add(ref _lateOfDropped, task.LateCount);
            }
        }
    }

    public Task PauseAsync(CancellationToken cancellationToken) => _work.WaitAsync(cancellationToken);

    public void Resume() => _work.Release();

    public async ValueTask ProcessAsync(IReadOnlyList<ConsumedRecord> batch)
    {
        await _work.WaitAsync().ConfigureAwait(false);
        try
        {
            foreach (ConsumedRecord record in batch)
            {
                // A record of a partition that was just taken away: its next owner reads it again.
                if (_tasks.TryGetValue(record.TopicPartition, out StreamTask? task))
                {
                    await task.ProcessAsync(record).ConfigureAwait(false);
                }
            }
        }
        finally
        {
            _work.Release();
        }
    }

    public async ValueTask CloseWindowsAsync()
    {
        foreach (StreamTask task in _tasks.OrderBy(static t => t.Key.Topic, StringComparer.Ordinal).ThenBy(static t =>
            t.Key.Partition).Select(static t => t.Value))
        {
            await task.CloseAllAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Where each task that has read something stands.</summary>
    public IReadOnlyDictionary<TopicPartition, TaskPosition> Positions() => _tasks
        .Select(static t => (t.Key, t.Value.Position))
        .Where(static t => t.Position.NextOffset >= 0)
        .ToDictionary(static t => t.Key, static t => t.Position);
}
