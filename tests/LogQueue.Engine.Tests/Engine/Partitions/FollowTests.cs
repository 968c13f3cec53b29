using LogQueue.Engine.Errors;
using LogQueue.Engine.Partitions;
using LogQueue.Storage;
using Record = LogQueue.Records.Record;

namespace LogQueue.Engine.Tests.Engine.Partitions;

/// <summary>A follower sees every record once and in order, however appends, rolls and its own waits interleave.</summary>
public sealed class FollowTests : EngineTest
{
    [Theory]
    [InlineData(Durability.Commit)]
    [InlineData(Durability.Os)]
    public async Task Followers_miss_nothing_and_see_nothing_twice(Durability durability)
    {
        const int Writers = 4;
        const int PerWriter = 250;
        await using LogEngine engine = await OpenAsync(durability);
        Partition partition = await CreateAsync(engine, "t", ("compression.type", "uncompressed"));
        byte[] filler = new byte[4000];

        Task<List<(long Offset, long Key)>>[] followers = [.. Enumerable.Range(0, 3).Select(_ => FollowAsync(partition, 0, Writers * PerWriter))];
        Task<List<(long Offset, long Key)>> late = Task.Run(async () =>
        {
            while (partition.HighWatermark < 100)
            {
                await Task.Delay(1, Deadline);
            }

            return await FollowAsync(partition, 100, (Writers * PerWriter) - 100);
        });
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            for (int i = 0; i < PerWriter; i++)
            {
                ReadOnlyMemory<byte> key = Number((writer * PerWriter) + i);
                switch (i % 3)
                {
                    case 0:
                        await partition.AppendAsync(key, filler, cancellationToken: Deadline);
                        break;
                    case 1:
                        partition.Append(key, filler);
                        break;
                    default:
                        await partition.AppendAsync([new NewRecord(key, filler)], Deadline);
                        break;
                }
            }
        })));

        Assert.True(partition.SegmentCount > 2);
        foreach (List<(long Offset, long Key)> seen in await Task.WhenAll(followers))
        {
            Assert.Equal(Enumerable.Range(0, Writers * PerWriter).Select(static i => (long)i), seen.Select(static s => s.Offset));
            Assert.Equal(Enumerable.Range(0, Writers * PerWriter).Select(static i => (long)i), seen.Select(static s => s.Key).Order());
        }

        Assert.Equal(Enumerable.Range(100, (Writers * PerWriter) - 100).Select(static i => (long)i), (await late).Select(static s => s.Offset));
    }

    [Fact]
    public async Task Cancelling_ends_a_follower_that_waits_and_one_that_reads()
    {
        await using LogEngine engine = await OpenAsync(Durability.Os);
        Partition partition = await CreateAsync(engine);
        partition.Append(null, Text("only"));
        using var cancel = new CancellationTokenSource();
        int seen = 0;
        Task following = Task.Run(async () =>
        {
            await foreach (Record _ in partition.ReadRecordsAsync(0, follow: true, cancellationToken: cancel.Token))
            {
                seen++;
            }
        });
        while (Volatile.Read(ref seen) == 0)
        {
            await Task.Delay(1, Deadline);
        }

        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => following.WaitAsync(Deadline));
        Assert.Equal(1, seen);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (Record _ in partition.ReadRecordsAsync(0, cancellationToken: cancel.Token))
            {
                Assert.Fail("a cancelled reader yielded a record");
            }
        });
    }

    [Fact]
    public async Task Without_follow_it_ends_although_records_keep_coming()
    {
        await using LogEngine engine = await OpenAsync(Durability.Os);
        Partition partition = await CreateAsync(engine);
        partition.Append(null, Text("0"));
        int seen = 0;
        await foreach (Record record in partition.ReadRecordsAsync(0, cancellationToken: Deadline))
        {
            seen++;
            partition.Append(null, Number(record.Offset + 1));
        }

        Assert.Equal(1, seen);
        Assert.Equal(2, partition.LogEndOffset);
    }

    [Fact]
    public async Task Retention_that_overtakes_a_follower_is_told_not_skipped()
    {
        await using LogEngine engine = await OpenAsync(Durability.Os);
        Partition partition = await CreateAsync(engine);
        for (int i = 0; i < 10; i++)
        {
            partition.Append(null, Number(i));
        }

        await partition.DeleteRecordsAsync(4, Deadline);
        OffsetOutOfRangeException told = await Assert.ThrowsAsync<OffsetOutOfRangeException>(async () => await FollowAsync(partition, 0, 1));
        Assert.Equal((0, 4, 10), (told.Offset, told.LogStartOffset, told.HighWatermark));
        Assert.Equal([4L, 5, 6, 7, 8, 9], (await FollowAsync(partition, told.LogStartOffset, 6)).Select(static s => s.Offset));
    }

    [Fact]
    public async Task Closing_the_engine_or_deleting_the_topic_ends_a_follower()
    {
        LogEngine engine = await OpenAsync();
        Partition kept = await CreateAsync(engine, "kept");
        Partition deleted = await CreateAsync(engine, "deleted");
        Task onKept = FollowAsync(kept, 0, 1);
        Task onDeleted = FollowAsync(deleted, 0, 1);
        await engine.DeleteTopicAsync("deleted", Deadline);
        await Assert.ThrowsAsync<LogOfflineException>(() => onDeleted.WaitAsync(Deadline));
        await engine.DisposeAsync();
        await Assert.ThrowsAsync<LogOfflineException>(() => onKept.WaitAsync(Deadline));
    }

    private async Task<List<(long Offset, long Key)>> FollowAsync(Partition partition, long from, int count)
    {
        await Task.Yield();
        var seen = new List<(long Offset, long Key)>();
        await foreach (Record record in partition.ReadRecordsAsync(from, follow: true, cancellationToken: Deadline))
        {
            seen.Add((record.Offset, record.Key is { } key ? Number(key.Span) : -1));
            if (seen.Count == count)
            {
                break;
            }
        }

        return seen;
    }
}
