using System.Text;
using LogQueue.Engine.Errors;
using LogQueue.Engine.Groups;
using LogQueue.Engine.Partitions;
using LogQueue.Engine.Topics;
using LogQueue.Storage;
using LogQueue.TestKit.Storage;
using Record = LogQueue.Records.Record;

namespace LogQueue.Engine.Tests.Engine;

/// <summary>
/// A whole engine on the simulated disk: the power is cut at operation after operation, the disk fills up. What was answered is there
/// afterwards: records, committed offsets, topics, settings.
/// </summary>
public sealed class EngineCrashTests
{
    private const string Root = "/data";

    private static readonly LogEngineOptions Options = new() { DataDirectory = Root, OffsetsPartitionCount = 2, FlushIntervalMs = 5 };

    [Fact]
    public async Task Everything_answered_survives_a_power_cut_at_any_operation()
    {
        var whole = new Ledger();
        var device = new SimulatedStorageDevice(Root);
        await RunAsync(device, whole);
        long operations = device.Operations;
        Assert.Equal(Ledger.Steps, whole.Answered);
        Assert.InRange(operations, 50, 20_000);
        int many = Environment.GetEnvironmentVariable("LOGQUEUE_LONG") == "1" ? 3000 : 120;
        long step = Math.Max(1, operations / many);
        for (long cut = 1; cut <= operations; cut += step)
        {
            var ledger = new Ledger();
            device = new SimulatedStorageDevice(Root) { CutPowerAt = cut };
            await RunAsync(device, ledger);
            SimulatedStorageDevice crashed = device.Crash((int)cut);
            await ledger.CheckAsync(crashed, $"cut at operation {cut}: ");
        }
    }

    [Fact]
    public async Task A_full_disk_refuses_offsets_and_topics_whole_and_takes_them_again_when_there_is_room()
    {
        var device = new SimulatedStorageDevice(Root);
        await using LogEngine engine = await LogEngine.OpenAsync(Options, device, CancellationToken.None);
        Partition partition = (await engine.CreateTopicAsync("t")).Partitions[0];
        await engine.GroupOffsets.CommitAsync("g", [new OffsetToCommit(partition.Id, 1)]);
        device.CapacityBytes = 1L << 40;
        device.CapacityBytes -= device.FreeBytes(Root);

        long offset = 1;
        string note = new('x', GroupOffsets.MaxMetadataLength);
        AppendRefusedException full = await Assert.ThrowsAsync<AppendRefusedException>(async () =>
        {
            while (offset < 1000)
            {
                await engine.GroupOffsets.CommitAsync("g", [new OffsetToCommit(partition.Id, offset + 1, Metadata: note)]);
                offset++;
            }
        });
        Assert.Equal(AppendStatus.DiskFull, full.Result.Status);
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            for (int i = 0; i < 1000; i++)
            {
                await engine.CreateTopicAsync($"{new string('n', 200)}-{i}");
            }
        });
        int topics = engine.Topics.Count;
        Assert.False(engine.IsOffline);
        Assert.True(engine.GroupOffsets.TryGet("g", partition.Id, out CommittedOffset stored) && stored.Offset == offset);

        device.CapacityBytes = long.MaxValue;
        await engine.GroupOffsets.CommitAsync("g", [new OffsetToCommit(partition.Id, 5000)]);
        await engine.CreateTopicAsync("after");
        await using LogEngine again = await LogEngine.OpenAsync(Options, device.Crash(1), CancellationToken.None);
        Assert.True(again.GroupOffsets.TryGet("g", partition.Id, out stored) && stored.Offset == 5000);
        Assert.True(again.TryGetTopic("after", out _));
        Assert.InRange(again.Topics.Count, topics + 1, topics + 2);
    }

    private static async Task RunAsync(SimulatedStorageDevice device, Ledger ledger)
    {
        LogEngine? engine = null;
        try
        {
            engine = await LogEngine.OpenAsync(Options, device, CancellationToken.None);
            await ledger.RunAsync(engine);
            await engine.CloseAsync();
        }
        catch (Exception) when (device.IsPowerCut)
        {
            // The machine is off; what the dying engine says does not matter.
        }
        finally
        {
            try
            {
                await (engine?.CloseAsync() ?? Task.CompletedTask);
            }
            catch (Exception) when (device.IsPowerCut)
            {
                // Its files are gone with the power.
            }
        }
    }

    /// <summary>What was asked for, and what of it was answered. One task at a time.</summary>
    private sealed class Ledger
    {
        public const int Steps = 28;

        private readonly List<string> _topics = [];
        private long _appended;
        private long _committed = -1;
        private string _retention = "604800000";
        private (long Offset, string Retention) _asked = (-1, "604800000");

        public int Answered { get; private set; }

        public async Task RunAsync(LogEngine engine)
        {
            Topic topic = await engine.CreateTopicAsync("t", 1);
            Answer(() => _topics.Add("t"));
            Partition partition = topic.Partitions[0];
            for (int i = 0; i < 8; i++)
            {
                await partition.AppendAsync(null, Encoding.ASCII.GetBytes($"v{i}"));
                Answer(() => _appended++);
                _asked.Offset = i;
                await engine.GroupOffsets.CommitAsync("g", [new OffsetToCommit(partition.Id, i)]);
                Answer(() => _committed = i);
                if (i % 2 == 0)
                {
                    _asked.Retention = $"{1_000_000 + i}";
                    await engine.ChangeTopicConfigsAsync("t", new Dictionary<string, string?> { ["retention.ms"] = _asked.Retention });
                    Answer(() => _retention = _asked.Retention);
                }
                else if (i < 6)
                {
                    await engine.CreateTopicAsync($"more-{i}", 2);
                    Answer(() => _topics.Add($"more-{i}"));
                }
                else
                {
                    await engine.DeleteTopicAsync("more-1");
                    Answer(() => _topics.Remove("more-1"));
                }
            }

            await engine.AddPartitionsAsync("more-3", 3);
            Answer(static () => { });
            await engine.FlushAsync();
            Answer(static () => { });
            await engine.AllocateProducerIdAsync();
            Answer(static () => { });
        }

        public async Task CheckAsync(SimulatedStorageDevice device, string context)
        {
            await using LogEngine engine = await LogEngine.OpenAsync(Options, device, CancellationToken.None);
            Assert.True(engine.Recovery.Damage.Count == 0, context + string.Join("; ", engine.Recovery.Damage));
            foreach (string name in _topics.Where(static name => name != "more-1"))
            {
                Assert.True(engine.TryGetTopic(name, out _), context + name + " is missing");
            }

            if (!engine.TryGetTopic("t", out Topic? topic))
            {
                return;
            }

            var values = new List<string>();
            await foreach (Record record in topic.Partitions[0].ReadRecordsAsync(0))
            {
                values.Add(Encoding.ASCII.GetString(record.Value!.Value.Span));
            }

            Assert.True(values.Count >= _appended, $"{context}{_appended} records were answered, {values.Count} are there");
            Assert.Equal(Enumerable.Range(0, values.Count).Select(static i => $"v{i}"), values);
            long stored = engine.GroupOffsets.TryGet("g", topic.Partitions[0].Id, out CommittedOffset offset) ? offset.Offset : -1;
            Assert.True(stored >= _committed && stored <= _asked.Offset, $"{context}offset {stored}, answered {_committed}, asked {_asked.Offset}");
            string retention = topic.Config["retention.ms"];
            Assert.True(retention == _retention || retention == _asked.Retention, $"{context}retention {retention}, answered {_retention}");
        }

        private void Answer(Action note)
        {
            note();
            Answered++;
        }
    }
}
