using System.Collections.Concurrent;
using LogQueue.Engine.Groups;
using LogQueue.Engine.Topics;
using LogQueue.Records;
using LogQueue.Storage;
using LogQueue.TestKit.Storage;
using Microsoft.Extensions.Time.Testing;

namespace LogQueue.Engine.Tests.Engine.Maintenance;

/// <summary>An engine on a disk that runs full: what is refused, what goes on, what is said.</summary>
public sealed class DiskRoomTests
{
    private const long Bound = 2 << 20;

    [Fact]
    public async Task Below_the_bound_records_are_refused_until_there_is_room_and_everything_else_goes_on()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        var device = new SimulatedStorageDevice("/data") { CapacityBytes = 64 << 20 };
        var time = new FakeTimeProvider(DateTimeOffset.FromUnixTimeMilliseconds(TestBatches.StartMs));
        var said = new ConcurrentQueue<string>();
        var options = new LogEngineOptions
        {
            DataDirectory = "/data", DiskMinFreeBytes = Bound, OffsetsPartitionCount = 1, TimeProvider = time, OnWarning = said.Enqueue,
        };
        await using LogEngine engine = await LogEngine.OpenAsync(options, device, cancellation);
        Topic topic = await engine.CreateTopicAsync("t", cancellationToken: cancellation);
        Topic other = await engine.CreateTopicAsync("other", cancellationToken: cancellation);
        Assert.Equal(AppendStatus.Appended, (await topic.Partitions[0].AppendAsync(TestBatches.Build(1, 0), cancellation)).Status);

        device.CapacityBytes -= device.FreeBytes("/data") - (Bound / 2);
        await TickUntilAsync(() => !said.IsEmpty);

        AppendResult refused = await topic.Partitions[0].AppendAsync(TestBatches.Build(1, 1), cancellation);
        Assert.Equal(AppendStatus.DiskFull, refused.Status);
        Assert.Contains("logqueue.disk.min.free.bytes", refused.Detail, StringComparison.Ordinal);
        Assert.Contains("'/data'", Assert.Single(said), StringComparison.Ordinal);
        Assert.Equal(1, topic.Partitions[0].HighWatermark);
        for (int i = 0; i < 500; i++)
        {
            await engine.GroupOffsets.CommitAsync("g", [new OffsetToCommit(new TopicPartition("t", 0), i)], cancellation);
        }

        await engine.CreateTopicAsync("more", cancellationToken: cancellation);
        await topic.Partitions[0].DeleteRecordsAsync(1, cancellation);
        await engine.DeleteTopicAsync("t", cancellation);

        device.CapacityBytes += 2 * Bound;
        await TickUntilAsync(() => said.Count == 2);
        Assert.Contains("has room again", said.Last(), StringComparison.Ordinal);
        Assert.Equal(AppendStatus.Appended, (await other.Partitions[0].AppendAsync(TestBatches.Build(1, 1), cancellation)).Status);
        Assert.False(engine.IsOffline);

        async Task TickUntilAsync(Func<bool> condition)
        {
            for (int i = 0; i < 1000 && !condition(); i++)
            {
                time.Advance(TimeSpan.FromSeconds(1));
                await Task.Delay(5, cancellation);
            }

            Assert.True(condition());
        }
    }
}
