using System.Collections.Concurrent;
using LogQueue.Storage;
using LogQueue.Storage.Files;
using LogQueue.Storage.Maintenance;
using LogQueue.Storage.Partitions;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Partitions;

/// <summary>
/// Linearizability of append and read under real threads. A log with unique records has its order written in the offsets, so a history is
/// linearizable exactly when: an append that ended before another began has the smaller offset; a read returns the records of the
/// offsets that it covers; it ends no earlier than what was answered before it began, nor than what an earlier read saw, and no later than
/// what was begun before it ended.
/// </summary>
public sealed class LogHistoryTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly LogOptions Small = new() { SegmentBytes = 700, IndexIntervalBytes = 100, PreallocateFirstBytes = 256, PreallocateStepBytes = 512, RetentionMs = -1 };

    [Fact]
    public async Task Appends_and_reads_take_effect_at_one_moment()
    {
        int histories = Environment.GetEnvironmentVariable("LOGQUEUE_LONG") == "1" ? 20_000 : 1_000;
        for (int seed = 0; seed < histories; seed++)
        {
            History history = await RunAsync(seed);
            string? problem = history.Judge();
            Assert.True(problem is null, $"seed {seed}: {problem}");
        }
    }

    [Fact]
    public void The_judge_finds_what_is_not_linearizable()
    {
        Assert.Null(new History([new(1, 2, 10, 0), new(3, 4, 11, 1)], [new(5, 6, 0, [10, 11])]).Judge());
        Assert.NotNull(new History([new(1, 2, 10, 1), new(3, 4, 11, 0)], []).Judge());
        Assert.NotNull(new History([new(1, 2, 10, 0), new(3, 4, 11, 1)], [new(5, 6, 0, [10])]).Judge());
        Assert.NotNull(new History([new(1, 2, 10, 0)], [new(3, 4, 0, [11])]).Judge());
        Assert.NotNull(new History([new(1, 9, 10, 0)], [new(2, 3, 0, [10]), new(4, 5, 0, [])]).Judge());
        Assert.NotNull(new History([new(5, 6, 10, 0)], [new(1, 2, 0, [10])]).Judge());
    }

    private static async Task<History> RunAsync(int seed)
    {
        var fence = new DirectoryFence();
        using var loop = new CommitLoop(new CommitLoopOptions(), TimeProvider.System, fence);
        loop.Start();
        var context = new PartitionLogContext
        {
            Device = new SimulatedStorageDevice(StorageRig.Root),
            TimeProvider = TimeProvider.System,
            Fence = fence,
            CommitLog = loop,
            PublishDurableOnly = seed % 3 != 0,
            FileBudget = new LeaseBudget(2),
            MapBudget = new LeaseBudget(2),
        };
        using PartitionLog log = PartitionLog.Open(context, StorageRig.Directory, new("topic", 0), Small, cleanShutdown: false);
        long clock = 0;
        var appends = new ConcurrentQueue<Appended>();
        var reads = new ConcurrentQueue<Seen>();
        long now = DateTimeOffset.UnixEpoch.ToUnixTimeMilliseconds();
        Task[] writers = [.. Enumerable.Range(0, 2).Select(w => Task.Run(async () =>
        {
            for (int i = 0; i < 6; i++)
            {
                long tag = (w * 100) + i + 1;
                byte[] batch = TestBatches.Build(1, tag, now);
                long begin = Interlocked.Increment(ref clock);
                AppendResult result = log.Append(batch, AppendOrigin.Client);
                Assert.True(result.Status == AppendStatus.Appended, $"seed {seed}: {result.Status}: {result.Detail}");
                await log.WaitUntilDurableAsync(result.NextOffset, CancellationToken.None);
                appends.Enqueue(new Appended(begin, Interlocked.Increment(ref clock), tag, result.BaseOffset));
            }
        }))];
        Task[] readers = [.. Enumerable.Range(0, 2).Select(r => Task.Run(() =>
        {
            var random = new Random((seed * 2) + r);
            for (int i = 0; i < 6; i++)
            {
                long begin = Interlocked.Increment(ref clock);
                long from = random.Next(2) == 0 ? 0 : log.HighWatermark;
                List<SeenRecord> seen = StorageRig.ReadAll(log, from, ReadIsolation.Uncommitted, maxBytes: 300);
                reads.Enqueue(new Seen(begin, Interlocked.Increment(ref clock), from, [.. seen.Select(static s => s.Tag)]));
                Thread.Yield();
            }
        }))];
        await Task.WhenAll([.. writers, .. readers]).WaitAsync(Patience);
        return new History([.. appends], [.. reads]);
    }

    private sealed record Appended(long Begin, long End, long Tag, long Offset);

    private sealed record Seen(long Begin, long End, long From, long[] Tags)
    {
        public long To => From + Tags.Length;
    }

    private sealed record History(Appended[] Appends, Seen[] Reads)
    {
        public string? Judge()
        {
            Dictionary<long, Appended> byOffset = [];
            foreach (Appended append in Appends)
            {
                if (!byOffset.TryAdd(append.Offset, append))
                {
                    return $"offset {append.Offset} was given twice";
                }

                if (Appends.FirstOrDefault(earlier => earlier.End < append.Begin && earlier.Offset > append.Offset) is { } earlier)
                {
                    return $"{append.Tag} began after {earlier.Tag} ended and lies before it";
                }
            }

            foreach (Seen read in Reads)
            {
                for (int i = 0; i < read.Tags.Length; i++)
                {
                    if (!byOffset.TryGetValue(read.From + i, out Appended? append) || append.Tag != read.Tags[i] || append.Begin > read.End)
                    {
                        return $"a read found {read.Tags[i]} at {read.From + i}";
                    }
                }

                if (Appends.FirstOrDefault(a => a.End < read.Begin && a.Offset >= Math.Max(read.To, read.From)) is { } missed)
                {
                    return $"a read up to {read.To} began after {missed.Tag} at {missed.Offset} was answered";
                }

                if (Reads.FirstOrDefault(r => r.End < read.Begin && r.To > read.To) is { } before)
                {
                    return $"a read ended at {read.To}, after one that had seen up to {before.To}";
                }
            }

            return null;
        }
    }
}
