using LogQueue.Client;
using LogQueue.Records;
using LogQueue.Streams.Runtime;

namespace LogQueue.Streams;

/// <summary>
/// Runs a topology without a broker: records are pushed in, what it writes to topics is kept. For tests of topologies. Not thread-safe.
/// </summary>
public sealed class TopologyDriver : IStreamOutput
{
    private readonly StreamTopology _topology;
    private readonly Dictionary<TopicPartition, StreamTask> _tasks = [];
    private readonly List<ConsumedRecord> _written = [];

    /// <summary>Creates a driver with empty state.</summary>
    public TopologyDriver(StreamTopology topology)
    {
        ArgumentNullException.ThrowIfNull(topology);
        _topology = topology;
    }

    /// <summary>What was written to topics, in order; partition 0, offsets counted over all topics.</summary>
    public IReadOnlyList<ConsumedRecord> Written => _written;

    /// <summary>Records that came after their window had closed.</summary>
    public long LateCount => _tasks.Values.Sum(static t => t.LateCount);

    /// <summary>Processes one record; within a partition offsets must rise.</summary>
    public ValueTask PushAsync(ConsumedRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        return Task(record.TopicPartition).ProcessAsync(record);
    }

    /// <summary>Closes all windows: the input has ended.</summary>
    public async ValueTask CloseWindowsAsync()
    {
        foreach (StreamTask task in _tasks.OrderBy(static t => t.Key.Topic, StringComparer.Ordinal).ThenBy(static t =>
            t.Key.Partition).Select(static t => t.Value))
        {
            await task.CloseAllAsync().ConfigureAwait(false);
        }
    }

    /// <summary>
    /// What a new instance would do after this one stopped: a driver with empty state, and per partition the offset from which the records
    /// must be pushed again.
    /// </summary>
    public (TopologyDriver Driver, IReadOnlyDictionary<TopicPartition, long> From) Restart()
    {
        var driver = new TopologyDriver(_topology);
        var from = new Dictionary<TopicPartition, long>();
        foreach ((TopicPartition partition, StreamTask task) in _tasks)
        {
            TaskPosition position = task.Position;
            driver.Task(partition).Restore(TaskPosition.From(position.SafeOffset, position.ToMetadata()));
            from[partition] = position.SafeOffset;
        }

        return (driver, from);
    }

    ValueTask IStreamOutput.SendAsync(string topic, byte[] key, byte[] value, long timestampMs)
    {
        _written.Add(new ConsumedRecord(topic, 0, _written.Count, timestampMs, key, value));
        return ValueTask.CompletedTask;
    }

    private StreamTask Task(TopicPartition partition)
    {
        if (!_tasks.TryGetValue(partition, out StreamTask? task))
        {
            task = new StreamTask(_topology.Source(partition.Topic), partition, this);
            _tasks.Add(partition, task);
        }

        return task;
    }
}
