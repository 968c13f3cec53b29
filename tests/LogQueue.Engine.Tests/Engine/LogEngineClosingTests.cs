using LogQueue.Engine.Errors;
using LogQueue.Engine.Groups;
using LogQueue.Engine.Partitions;
using LogQueue.Storage;
using Record = LogQueue.Records.Record;

namespace LogQueue.Engine.Tests.Engine;

/// <summary>An engine that is closed under load: the close ends, all work ends, and what was acknowledged is there afterwards.</summary>
public sealed class LogEngineClosingTests : EngineTest
{
    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(40)]
    [InlineData(150)]
    public async Task Closing_with_work_in_flight_ends_it_all_and_loses_nothing_acknowledged(int afterMs)
    {
        LogEngine engine = await OpenAsync();
        Partition partition = await CreateAsync(engine);
        long acknowledged = 0;
        long committed = 0;
        var created = new List<string>();
        bool isClosed = false;
        Task[] work =
        [
            .. Enumerable.Range(0, 4).Select(_ => UntilClosedAsync(async i => Max(ref acknowledged, 1 + await partition.AppendAsync(null, Number(i), cancellationToken: Deadline)))),
            UntilClosedAsync(_ =>
            {
                partition.Append(null, Text("unacknowledged"));
                return Task.CompletedTask;
            }),
            UntilClosedAsync(async i =>
            {
                await engine.GroupOffsets.CommitAsync("g", [new OffsetToCommit(partition.Id, i)], Deadline);
                committed = i;
            }),
            UntilClosedAsync(async i =>
            {
                await engine.CreateTopicAsync($"topic-{i}", 2, cancellationToken: Deadline);
                created.Add($"topic-{i}");
            }),
            UntilClosedAsync(async _ => await engine.AllocateProducerIdAsync(Deadline)),
            UntilClosedAsync(async i => await engine.ChangeTopicConfigsAsync("t", new Dictionary<string, string?> { ["retention.ms"] = $"{100_000_000 + i}" }, Deadline)),
            UntilClosedAsync(async _ =>
            {
                // A closed engine has flushed everything: this does not fail then.
                await engine.FlushAsync(Deadline);
                ThrowIf(Volatile.Read(ref isClosed));
            }),
            UntilClosedAsync(async _ =>
            {
                await foreach (Record record in partition.ReadRecordsAsync(0, follow: true, cancellationToken: Deadline))
                {
                    GC.KeepAlive(record.Headers);
                }
            }),
        ];
        await Task.Delay(afterMs, Deadline);

        await Task.WhenAll(engine.CloseAsync(), engine.CloseAsync()).WaitAsync(Deadline);
        Volatile.Write(ref isClosed, true);
        await Task.WhenAll(work).WaitAsync(Deadline);

        await using LogEngine again = await OpenAsync();
        Assert.True(again.Recovery.CleanShutdown);
        Partition reopened = again.GetTopic("t").Partitions[0];
        Assert.True(reopened.LogEndOffset >= acknowledged, $"{acknowledged} acknowledged, {reopened.LogEndOffset} there");
        Assert.Equal(reopened.LogEndOffset, (await ReadAllAsync(reopened)).Count);
        Assert.All(created, name => Assert.True(again.TryGetTopic(name, out _), name));
        Assert.True(committed == 0 || (again.GroupOffsets.TryGet("g", partition.Id, out CommittedOffset stored) && stored.Offset >= committed));
    }

    [Fact]
    public async Task A_closed_engine_says_so_and_never_hangs()
    {
        LogEngine engine = await OpenAsync();
        Partition partition = await CreateAsync(engine, "pumps");
        await engine.DisposeAsync();

        AppendRefusedException append = Assert.Throws<AppendRefusedException>(() => partition.Append(null, Text("v")));
        Assert.Equal(AppendStatus.Offline, append.Result.Status);
        Assert.Contains("pumps-0", append.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<LogOfflineException>(() => engine.CreateTopicAsync("other", cancellationToken: Deadline).WaitAsync(Deadline));
        await Assert.ThrowsAsync<LogOfflineException>(() => engine.DeleteTopicAsync("pumps", Deadline).WaitAsync(Deadline));
        await Assert.ThrowsAsync<LogOfflineException>(() => engine.AddPartitionsAsync("pumps", 3, Deadline).WaitAsync(Deadline));
        await Assert.ThrowsAsync<LogOfflineException>(() => engine.AllocateProducerIdAsync(Deadline).WaitAsync(Deadline));
        await Assert.ThrowsAsync<LogOfflineException>(() =>
            engine.GroupOffsets.CommitAsync("g", [new OffsetToCommit(partition.Id, 1)], Deadline).AsTask().WaitAsync(Deadline));
        await Assert.ThrowsAsync<LogOfflineException>(async () => await partition.WaitUntilDurableAsync(1, Deadline));
    }

    private static void ThrowIf(bool isClosed)
    {
        if (isClosed)
        {
            throw new LogOfflineException("closed");
        }
    }

    private static void Max(ref long target, long value)
    {
        long seen = Volatile.Read(ref target);
        while (value > seen)
        {
            seen = Interlocked.CompareExchange(ref target, value, seen) is var was && was == seen ? value : was;
        }
    }

    private static Task UntilClosedAsync(Func<int, Task> work) => Task.Run(async () =>
    {
        for (int i = 1; ; i++)
        {
            try
            {
                await work(i);
            }
            catch (LogOfflineException)
            {
                return;
            }
            catch (AppendRefusedException e) when (e.Result.Status == AppendStatus.Offline)
            {
                return;
            }
        }
    });
}
