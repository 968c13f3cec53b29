using System.Globalization;
using System.Text;
using LogQueue.Client;
using LogQueue.Records;

namespace LogQueue.Server.Tests.Crash;

/// <summary>
/// What was promised and what was seen: acknowledged records, committed offsets, and every record ever read.
/// The promises may come from several threads; the checks from one.
/// </summary>
internal sealed class KillLedger(string topic, int partitionCount)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TopicPartition, long> _committed = [];
    private readonly HashSet<string> _ids = [];
    private readonly Dictionary<string, long> _lastOfKey = [];
    private readonly List<string>[] _log = [.. Enumerable.Range(0, partitionCount).Select(static _ => new List<string>())];
    private List<(int Partition, long Offset, string Value)> _unchecked = [];

    public long Acknowledged { get; private set; }

    public long Commits { get; private set; }

    public long Read => _log.Sum(static l => (long)l.Count);

    /// <summary>A record's content: a unique id (the key and its running number).</summary>
    public static string Value(string key, long number) => string.Create(CultureInfo.InvariantCulture, $"{key}:{number}");

    /// <summary>Notes an acknowledgement.</summary>
    public void Acknowledge(RecordMetadata where, string value)
    {
        lock (_lock)
        {
            Acknowledged++;
            _unchecked.Add((where.Partition.Partition, where.Offset, value));
        }
    }

    /// <summary>Notes a successful commit.</summary>
    public void Commit(IReadOnlyDictionary<TopicPartition, long> offsets)
    {
        lock (_lock)
        {
            Commits++;
            foreach ((TopicPartition partition, long offset) in offsets)
            {
                _committed[partition] = offset;
            }
        }
    }

    /// <summary>How far each partition was read.</summary>
    public long[] Ends() => [.. _log.Select(static l => (long)l.Count)];

    /// <summary>Reads from the given offsets to the end and compares with every promise made before.</summary>
    public async Task CheckRecordsAsync(LogQueueClient client, long[] from, CancellationToken cancellation)
    {
        List<(int Partition, long Offset, string Value)> promised;
        lock (_lock)
        {
            promised = _unchecked;
            _unchecked = [];
        }

        for (int partition = 0; partition < partitionCount; partition++)
        {
            await ReadAsync(client, partition, from[partition], cancellation);
        }

        foreach ((int partition, long offset, string value) in promised)
        {
            Assert.True(
                offset < _log[partition].Count,
                $"partition {partition} ends at {_log[partition].Count}, but {value} was acknowledged at {offset}");
            Assert.True(
                _log[partition][(int)offset] == value,
                $"partition {partition} offset {offset} holds {_log[partition][(int)offset]}, but {value} was acknowledged there");
        }
    }

    /// <summary>Compares the group's committed offsets with those that were promised.</summary>
    public async Task CheckCommitsAsync(LogQueueClient client, string group, CancellationToken cancellation)
    {
        Dictionary<TopicPartition, long> promised;
        lock (_lock)
        {
            promised = new Dictionary<TopicPartition, long>(_committed);
        }

        IReadOnlyDictionary<TopicPartition, Client.Admin.GroupOffset> found =
            await client.Admin.ListGroupOffsetsAsync(group, cancellation);
        foreach ((TopicPartition partition, long offset) in promised)
        {
            Assert.True(found.ContainsKey(partition), $"{partition} was committed at {offset}, now it has no committed offset");
            Assert.True(found[partition].Offset >= offset, $"{partition} was committed at {offset}, now at {found[partition].Offset}");
        }
    }

    private async Task ReadAsync(LogQueueClient client, int partition, long from, CancellationToken cancellation)
    {
        await using Consumer consumer = client.CreateConsumer(new ConsumerOptions
        {
            Partitions = [new TopicPartition(topic, partition)], Start = StartPosition.Offset(from), StopAtEnd = true,
        });
        List<string> log = _log[partition];
        long next = from;
        await foreach (ConsumedRecord record in consumer.WithCancellation(cancellation))
        {
            Assert.True(record.Offset == next, $"partition {partition}: offset {record.Offset} came where {next} was due");
            string value = Encoding.UTF8.GetString(record.Value!.Value.Span);
            if (next < log.Count)
            {
                Assert.True(log[(int)next] == value, $"partition {partition} offset {next} was {log[(int)next]}, now it is {value}");
            }
            else
            {
                log.Add(value);
                CheckNew(partition, next, Encoding.UTF8.GetString(record.Key!.Value.Span), value);
            }

            next++;
        }

        Assert.True(next >= log.Count, $"partition {partition} ended at {log.Count} before, now at {next}");
    }

    private void CheckNew(int partition, long offset, string key, string value)
    {
        Assert.True(_ids.Add(value), $"partition {partition} offset {offset}: {value} is there a second time");
        long number = long.Parse(value.AsSpan(value.LastIndexOf(':') + 1), CultureInfo.InvariantCulture);
        long before = _lastOfKey.GetValueOrDefault(key, -1);
        Assert.True(number == before + 1, $"partition {partition} offset {offset}: key {key} has {number} after {before}");
        _lastOfKey[key] = number;
    }
}
