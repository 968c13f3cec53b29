using System.Collections.Concurrent;
using LogQueue.Engine.Groups;
using LogQueue.Records;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Engine.Groups;

/// <summary>
/// Linearizability of offset commits: a group's offset is a register, and every value is written once. A read must return a write that began
/// before it ended and that no other write had certainly replaced before it began; reads that follow each other never go back.
/// </summary>
public sealed class OffsetHistoryTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TopicPartition Position = new("t", 0);

    [Fact]
    public async Task Commits_and_look_ups_take_effect_at_one_moment()
    {
        int histories = Environment.GetEnvironmentVariable("LOGQUEUE_LONG") == "1" ? 5_000 : 300;
        var options = new LogEngineOptions { DataDirectory = "/sim/data", OffsetsPartitionCount = 1, JournalFileBytes = 32 << 10 };
        await using LogEngine engine = await LogEngine.OpenAsync(options, new SimulatedStorageDevice("/sim"), CancellationToken.None);
        for (int i = 0; i < histories; i++)
        {
            (Operation[] writes, Operation[] reads) = await RunAsync(engine.GroupOffsets, $"g{i}");
            string? problem = Judge(writes, reads);
            Assert.True(problem is null, $"history {i}: {problem}");
        }
    }

    [Fact]
    public void The_judge_finds_what_is_not_linearizable()
    {
        Operation[] two = [new(1, 2, 10), new(3, 4, 20)];
        Assert.Null(Judge(two, [new(5, 6, 20)]));
        Assert.NotNull(Judge(two, [new(5, 6, 10)]));
        Assert.NotNull(Judge(two, [new(5, 6, -1)]));
        Assert.NotNull(Judge(two, [new(1, 2, 20)]));
        Operation[] overlapping = [new(1, 9, 10), new(2, 8, 20)];
        Assert.Null(Judge(overlapping, [new(3, 4, 10), new(5, 6, 20)]));
        Assert.NotNull(Judge(overlapping, [new(3, 4, 10), new(5, 6, -1)]));
        Assert.NotNull(Judge([new(1, 2, 10), new(3, 9, 20)], [new(4, 5, 20), new(6, 7, 10)]));
    }

    private static async Task<(Operation[] Writes, Operation[] Reads)> RunAsync(GroupOffsets offsets, string group)
    {
        long clock = 0;
        var writes = new ConcurrentQueue<Operation>();
        var reads = new ConcurrentQueue<Operation>();
        Task[] all = [.. Enumerable.Range(1, 3).Select(w => Task.Run(async () =>
        {
            for (int i = 0; i < 4; i++)
            {
                long value = (w * 100) + i;
                long begin = Interlocked.Increment(ref clock);
                await offsets.CommitAsync(group, [new OffsetToCommit(Position, value)]);
                writes.Enqueue(new Operation(begin, Interlocked.Increment(ref clock), value));
            }
        })), .. Enumerable.Range(0, 2).Select(_ => Task.Run(() =>
        {
            for (int i = 0; i < 12; i++)
            {
                long begin = Interlocked.Increment(ref clock);
                long value = offsets.TryGet(group, Position, out CommittedOffset found) ? found.Offset : -1;
                reads.Enqueue(new Operation(begin, Interlocked.Increment(ref clock), value));
                Thread.Yield();
            }
        }))];
        await Task.WhenAll(all).WaitAsync(Patience);
        return ([.. writes], [.. reads]);
    }

    private static string? Judge(Operation[] writes, Operation[] reads)
    {
        var nothing = new Operation(0, 0, -1);
        foreach (Operation read in reads)
        {
            Operation write = read.Value == -1 ? nothing : Array.Find(writes, w => w.Value == read.Value) ?? new Operation(long.MaxValue, long.MaxValue, read.Value);
            if (write.Begin > read.End)
            {
                return $"{read.Value} was read before anybody wrote it";
            }

            if (Array.Find(writes, w => w.Begin > write.End && w.End < read.Begin) is { } newer)
            {
                return $"{read.Value} was read after {newer.Value} had replaced it";
            }

            foreach (Operation earlier in reads.Where(r => r.End < read.Begin && r.Value != read.Value))
            {
                // Another value was read before; that its write certainly follows this one's write means that a read went back.
                Operation seen = earlier.Value == -1 ? nothing : Array.Find(writes, w => w.Value == earlier.Value) ?? nothing;
                if (seen.Begin > write.End)
                {
                    return $"{read.Value} was read after {earlier.Value}, which had replaced it";
                }
            }
        }

        return null;
    }

    private sealed record Operation(long Begin, long End, long Value);
}
