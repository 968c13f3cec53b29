using LogQueue.Engine.Groups;
using LogQueue.Engine.Partitions;
using LogQueue.Engine.Tests.Storage.Crashes;
using LogQueue.Engine.Topics;
using LogQueue.Records;
using LogQueue.Storage;
using LogQueue.TestKit.Oracle;
using LogQueue.TestKit.Storage;
using Microsoft.Extensions.Time.Testing;

namespace LogQueue.Engine.Tests.Engine;

/// <summary>
/// The whole engine on the simulated disk: the power is cut at every operation of a run with topics, partitions that commit together, group
/// offsets, deleted records, a deleted topic, a close and a reopening. Each disk is opened by an engine and judged by the oracle.
/// </summary>
public sealed class EngineCrashExplorerTests
{
    private const string Group = "readers";

    private static readonly LogEngineOptions Options = new()
    {
        DataDirectory = "/sim/data",
        OffsetsPartitionCount = 1,
        RecoveryThreads = 1,
        JournalFileBytes = 32 << 10,
        TimeProvider = new FakeTimeProvider(DateTimeOffset.FromUnixTimeMilliseconds(TestBatches.StartMs)),
    };

    [Fact]
    public async Task Every_operation_may_be_the_last()
    {
        List<Cut> cuts = await RunAsync();
        Assert.InRange(cuts.Count, 150, 5_000);
        foreach (Cut cut in cuts)
        {
            await CheckAsync(cut);
        }
    }

    private static async Task<List<Cut>> RunAsync()
    {
        List<Cut> cuts = [];
        var device = new SimulatedStorageDevice("/sim");
        var oracle = new DurabilityOracle();
        var answered = new Answered();
        device.Boundary = d => cuts.Add(new Cut(d.Operations, answered.Copy(), oracle.Snapshot(), d.Crash((int)d.Operations)));
        for (int session = 0; session < 2; session++)
        {
            await using LogEngine engine = await LogEngine.OpenAsync(Options, device, CancellationToken.None);
            if (!engine.TryGetTopic("t", out Topic? topic))
            {
                topic = await engine.CreateTopicAsync("t", 2);
                answered.HasTopic = true;
            }

            for (int i = 0; i < 6; i++)
            {
                await Task.WhenAll(AppendAsync(oracle, topic.Partitions[0], 1 + (session * 100) + (i * 3)),
                    AppendAsync(oracle, topic.Partitions[1], 1 + (session * 100) + (i * 3)));
                await CommitAsync(engine, oracle, topic.Partitions[i % 2]);
            }

            oracle.RequestLogStart("t-1", 2 + session);
            await topic.Partitions[1].DeleteRecordsAsync(2 + session);
            oracle.ConfirmLogStart("t-1", 2 + session);
            await WithSecondTopicAsync(engine, oracle, answered, session);
        }

        device.Boundary(device);
        return cuts;
    }

    private static async Task WithSecondTopicAsync(LogEngine engine, DurabilityOracle oracle, Answered answered, int session)
    {
        answered.Second = null; // on its way
        oracle.Create("second-0");
        Topic second = await engine.CreateTopicAsync("second", 1, new Dictionary<string, string> { ["retention.ms"] = "5000" });
        answered.Second = true;
        await AppendAsync(oracle, second.Partitions[0], 1000 + (session * 100));
        answered.Second = null;
        oracle.Delete("second-0");
        await engine.DeleteTopicAsync("second");
        answered.Second = false;
    }

    private static async Task AppendAsync(DurabilityOracle oracle, Partition partition, long tag)
    {
        string name = NameOf(partition);
        for (int i = 0; i < 2; i++)
        {
            oracle.Attempt(name, tag + i);
        }

        AppendResult result = await partition.AppendAsync(TestBatches.Build(2, tag));
        Assert.Equal(AppendStatus.Appended, result.Status);
        oracle.Acknowledge(name, tag, result.BaseOffset);
        oracle.Acknowledge(name, tag + 1, result.BaseOffset + 1);
    }

    private static async Task CommitAsync(LogEngine engine, DurabilityOracle oracle, Partition partition)
    {
        long offset = partition.HighWatermark;
        oracle.CommitOffset(Group, NameOf(partition), offset);
        await engine.GroupOffsets.CommitAsync(Group, [new OffsetToCommit(partition.Id, offset)]);
        oracle.AcknowledgeOffset(Group, NameOf(partition), offset);
    }

    private static async Task CheckAsync(Cut cut)
    {
        Dictionary<string, FoundLog> first = [];
        for (int opening = 0; opening < 2; opening++)
        {
            string how = $"cut before operation {cut.Operation + 1}, opening {opening + 1}";
            SimulatedStorageDevice device = opening == 0 ? cut.Device : cut.Device.Crash((int)cut.Operation + 7);
            await using LogEngine engine = await LogEngine.OpenAsync(Options, device, CancellationToken.None);
            Assert.True(engine.Recovery.Damage.Count == 0, $"{how}: {string.Join("; ", engine.Recovery.Damage)}");
            bool hasTopic = engine.TryGetTopic("t", out Topic? topic);
            Assert.True(hasTopic || !cut.Answered.HasTopic, $"{how}: the topic is lost");
            bool hasSecond = engine.TryGetTopic("second", out Topic? secondTopic);
            Assert.True(cut.Answered.Second is not { } second || second == hasSecond, $"{how}: the second topic is {(hasSecond ? "back" : "lost")}");
            foreach (Partition partition in (topic?.Partitions ?? []).Concat(secondTopic?.Partitions ?? []))
            {
                FoundLog found = CrashRig.Find(partition.Log.Open());
                Assert.True(cut.Oracle.Judge(NameOf(partition), found) is null, $"{how}: {NameOf(partition)}: {cut.Oracle.Judge(NameOf(partition), found)}");
                Assert.True(opening == 0 || !first.TryGetValue(NameOf(partition), out FoundLog? before) || before.IsSameAs(found), $"{how}: {NameOf(partition)} is another log than before");
                first[NameOf(partition)] = found;
            }

            string? lost = cut.Oracle.JudgeOffsets((group, name) =>
                engine.GroupOffsets.TryGet(group, new TopicPartition("t", name[^1] - '0'), out CommittedOffset offset) ? offset.Offset : null);
            Assert.True(lost is null, $"{how}: {lost}");
        }
    }

    private static string NameOf(Partition partition) => $"{partition.Id.Topic}-{partition.Id.Partition}";

    private sealed record Cut(long Operation, Answered Answered, DurabilityOracle Oracle, SimulatedStorageDevice Device);

    /// <summary>What the run was answered about topics: whether the second one is there; null while that changes.</summary>
    private sealed class Answered
    {
        public bool HasTopic { get; set; }

        public bool? Second { get; set; } = false;

        public Answered Copy() => new() { HasTopic = HasTopic, Second = Second };
    }
}
