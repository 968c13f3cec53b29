using LogQueue.Engine;
using LogQueue.Engine.Errors;
using LogQueue.Engine.Groups;
using LogQueue.Engine.Partitions;
using LogQueue.Engine.Topics;
using LogQueue.Records;
using LogQueue.Storage;
using LogQueue.TestKit.Storage;

namespace LogQueue.Server.Tests.Disk;

/// <summary>
/// Everything that one engine may be doing when the power goes: an idempotent producer per partition, a committer, deletions of records and
/// topics. Each task ends by the disk's failure. Used for one cut.
/// </summary>
internal sealed class PowerCutLoad(LogEngine engine, PowerCutLedger ledger, int partitionCount, int seed)
{
    /// <summary>Values of many sizes, so that batches end anywhere in sectors and pages.</summary>
    private static readonly int[] Sizes = [16, 100, 700, 3_000, 20_000];

    private readonly List<Task> _tasks = [];

    /// <summary>The batch that a partition's producer sends with a sequence: the same whenever it is sent.</summary>
    public static byte[] Batch(int partition, int sequence, int count) => TestBatches.Build(
        count, sequence, valueBytes: Sizes[new Random(sequence).Next(Sizes.Length)], producerId: 100 + partition, producerEpoch: 0,
        baseSequence: sequence);

    public void Start()
    {
        engine.TryGetTopic(PowerCutLedger.Topic, out Topic? topic);
        for (int p = 0; p < partitionCount; p++)
        {
            int partition = p;
            _tasks.Add(Task.Run(() => ProduceAsync(topic!.Partitions[partition], partition, new Random(seed + partition))));
        }

        _tasks.Add(Task.Run(CommitAsync));
        _tasks.Add(Task.Run(() => ChangeTopicsAsync(topic!, new Random(seed - 1))));
    }

    /// <summary>Waits until the failure has reached everybody.</summary>
    public Task EndAsync() => Task.WhenAll(_tasks).WaitAsync(TimeSpan.FromSeconds(20));

    private async Task ProduceAsync(Partition partition, int number, Random random)
    {
        try
        {
            while (true)
            {
                long end = 0;
                for (int batches = random.Next(1, 4); batches > 0; batches--)
                {
                    int count = random.Next(1, 6);
                    AppendResult result = partition.Append(Batch(number, ledger.NextSequence(number), count));
                    if (result.Status == AppendStatus.Offline)
                    {
                        return;
                    }

                    Assert.True(result.Status == AppendStatus.Appended, $"{result.Status}: {result.Detail}");
                    ledger.Wrote(number, result, count);
                    end = result.NextOffset;
                }

                await partition.WaitUntilDurableAsync(end);
                ledger.Acknowledge(number, end);
            }
        }
        catch (IOException)
        {
            // The power is cut: nothing was promised.
        }
    }

    private async Task CommitAsync()
    {
        try
        {
            for (int i = 0; ; i++)
            {
                int partition = i % partitionCount;
                long offset = engine.GroupOffsets.TryGet(PowerCutLedger.Group, new TopicPartition(PowerCutLedger.Topic, partition), out var found)
                    ? found.Offset + 1 : 1;
                ledger.Try(partition, offset);
                await engine.GroupOffsets.CommitAsync(
                    PowerCutLedger.Group, [new OffsetToCommit(new TopicPartition(PowerCutLedger.Topic, partition), offset)]);
                ledger.Committed(partition, offset);
            }
        }
        catch (Exception e) when (e is IOException or AppendRefusedException)
        {
            // As above.
        }
    }

    private async Task ChangeTopicsAsync(Topic topic, Random random)
    {
        try
        {
            while (true)
            {
                string name = $"made-{random.Next()}";
                ledger.Undecided(name);
                await engine.CreateTopicAsync(name);
                ledger.Decided(name, exists: true);
                int partition = random.Next(partitionCount);
                long start = topic.Partitions[partition].LogStartOffset;
                long to = start + ((topic.Partitions[partition].HighWatermark - start) / 2);
                if (to > start)
                {
                    ledger.TryStart(partition, to);
                    await topic.Partitions[partition].DeleteRecordsAsync(to);
                    ledger.Started(partition, to);
                }

                if (random.Next(3) > 0)
                {
                    ledger.Undecided(name);
                    await engine.DeleteTopicAsync(name);
                    ledger.Decided(name, exists: false);
                }
            }
        }
        catch (Exception e) when (e is IOException or EngineException)
        {
            // As above.
        }
    }
}
