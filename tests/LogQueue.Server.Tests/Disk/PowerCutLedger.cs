using LogQueue.Engine;
using LogQueue.Engine.Groups;
using LogQueue.Engine.Partitions;
using LogQueue.Engine.Topics;
using LogQueue.Records;
using LogQueue.Storage;
using LogQueue.TestKit.Storage;

namespace LogQueue.Server.Tests.Disk;

/// <summary>
/// What was written, what was promised, and whether a recovered engine keeps it: per partition the log is a prefix of what was appended, with
/// everything acknowledged in it; committed offsets, log starts and topics are those that were promised, or newer. Promises may come from
/// several threads; checks from one, while nobody writes.
/// </summary>
internal sealed class PowerCutLedger(int partitionCount)
{
    public const string Topic = "cut";
    public const string Group = "readers";

    private readonly Lock _lock = new();
    private readonly List<long>[] _written = [.. Enumerable.Range(0, partitionCount).Select(static _ => new List<long>())];
    private readonly List<(int Sequence, long BaseOffset)>[] _batches =
        [.. Enumerable.Range(0, partitionCount).Select(static _ => new List<(int, long)>())];
    private readonly long[] _durableEnds = new long[partitionCount];
    private readonly long[] _starts = new long[partitionCount];
    private readonly long[] _startsTried = new long[partitionCount];
    private readonly long[] _commits = new long[partitionCount];
    private readonly long[] _commitsTried = new long[partitionCount];
    private readonly Dictionary<string, bool> _topics = new(StringComparer.Ordinal);

    /// <summary>Acknowledged records so far.</summary>
    public long Acknowledged { get; private set; }

    /// <summary>Records that were written, not acknowledged, and there again after a cut.</summary>
    public long Surviving { get; private set; }

    /// <summary>Records that were written, not acknowledged, and lost.</summary>
    public long Lost { get; private set; }

    /// <summary>Acknowledged commits so far.</summary>
    public long Commits { get; private set; }

    /// <summary>The tag that a partition's next record has.</summary>
    public long NextTag(int partition) => _written[partition].Count;

    /// <summary>The producer's next sequence in a partition; its records are numbered from 0.</summary>
    public int NextSequence(int partition) => _written[partition].Count;

    public void Wrote(int partition, AppendResult result, int count)
    {
        lock (_lock)
        {
            Assert.Equal(_written[partition].Count, result.BaseOffset);
            _batches[partition].Add((_written[partition].Count, result.BaseOffset));
            for (int i = 0; i < count; i++)
            {
                _written[partition].Add(result.BaseOffset + i);
            }
        }
    }

    public void Acknowledge(int partition, long endOffset)
    {
        lock (_lock)
        {
            Acknowledged += endOffset - _durableEnds[partition];
            _durableEnds[partition] = endOffset;
        }
    }

    public void Try(int partition, long commit)
    {
        lock (_lock)
        {
            _commitsTried[partition] = commit;
        }
    }

    public void Committed(int partition, long commit)
    {
        lock (_lock)
        {
            _commits[partition] = commit;
            Commits++;
        }
    }

    public void TryStart(int partition, long start)
    {
        lock (_lock)
        {
            _startsTried[partition] = start;
        }
    }

    public void Started(int partition, long start)
    {
        lock (_lock)
        {
            _starts[partition] = start;
        }
    }

    /// <summary>A topic that is to be made or deleted: until <see cref="Decided"/> both is right.</summary>
    public void Undecided(string topic)
    {
        lock (_lock)
        {
            _topics.Remove(topic);
        }
    }

    public void Decided(string topic, bool exists)
    {
        lock (_lock)
        {
            _topics[topic] = exists;
        }
    }

    /// <summary>Compares a recovered engine with every promise, and takes over what it has.</summary>
    public void Check(LogEngine engine)
    {
        Assert.Empty(engine.Recovery.Damage);
        Assert.Empty(engine.Recovery.LostDirectories);
        foreach ((string name, bool exists) in _topics)
        {
            Assert.True(engine.TryGetTopic(name, out _) == exists, $"topic {name} {(exists ? "was made and is gone" : "was deleted and is back")}");
        }

        Assert.True(engine.TryGetTopic(Topic, out Topic? topic), "the topic is gone");
        for (int partition = 0; partition < partitionCount; partition++)
        {
            CheckPartition(topic.Partitions[partition], partition);
            CheckCommit(engine, partition);
        }
    }

    private void CheckPartition(Partition found, int partition)
    {
        List<long> written = _written[partition];
        long end = found.LogEndOffset;
        Assert.True(end >= _durableEnds[partition], $"partition {partition} ends at {end}; acknowledged were {_durableEnds[partition]}");
        Assert.True(end <= written.Count, $"partition {partition} ends at {end}; only {written.Count} were ever written");
        Assert.Equal(end, found.HighWatermark);
        Assert.InRange(found.LogStartOffset, _starts[partition], Math.Max(_starts[partition], _startsTried[partition]));
        Surviving += end - _durableEnds[partition];
        Lost += written.Count - end;
        long next = found.LogStartOffset;
        while (next < end)
        {
            next = CheckRecords(found, partition, next);
        }

        written.RemoveRange((int)end, (int)(written.Count - end));
        _batches[partition].RemoveAll(b => b.BaseOffset >= end);
        _durableEnds[partition] = end;
        _starts[partition] = _startsTried[partition] = found.LogStartOffset;
        CheckDuplicate(found, partition);
    }

    private long CheckRecords(Partition found, int partition, long from)
    {
        ReadResult read = found.Read(from, 1 << 20);
        Assert.True(read.Status == ReadStatus.Ok && !read.Records.IsEmpty, $"partition {partition} at {from}: {read.Status}");
        byte[] bytes = new byte[read.Records.LengthBytes];
        read.Records.CopyTo(bytes);
        read.Records.Dispose();
        var seen = new List<SeenRecord>();
        long next = StorageRig.Decode(bytes, from, seen);
        foreach (SeenRecord record in seen)
        {
            Assert.True(record.Offset == from, $"partition {partition}: offset {record.Offset} came where {from} was due");
            Assert.True(_written[partition][(int)from] == record.Tag, $"partition {partition} offset {from} holds {record.Tag}");
            from++;
        }

        return next;
    }

    /// <summary>A producer that never got the answer to its last batch sends it again: it must be known.</summary>
    private void CheckDuplicate(Partition found, int partition)
    {
        if (_batches[partition].Count == 0)
        {
            return;
        }

        (int sequence, long baseOffset) = _batches[partition][^1];
        int count = (int)(found.LogEndOffset - baseOffset);
        AppendResult again = found.Append(PowerCutLoad.Batch(partition, sequence, count));
        Assert.True(again.Status == AppendStatus.Duplicate, $"partition {partition}: sequence {sequence} again is {again.Status}: {again.Detail}");
        Assert.Equal(baseOffset, again.BaseOffset);
    }

    private void CheckCommit(LogEngine engine, int partition)
    {
        bool found = engine.GroupOffsets.TryGet(Group, new TopicPartition(Topic, partition), out CommittedOffset offset);
        Assert.True(found || _commits[partition] == 0, $"partition {partition} was committed at {_commits[partition]}, now it is not");
        if (found)
        {
            Assert.InRange(offset.Offset, _commits[partition], Math.Max(_commits[partition], _commitsTried[partition]));
            _commits[partition] = _commitsTried[partition] = offset.Offset;
        }
    }
}
