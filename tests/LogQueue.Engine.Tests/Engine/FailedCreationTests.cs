using LogQueue.Engine.Topics;
using LogQueue.Storage;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Engine;

/// <summary>A topic whose files cannot be made leaves nothing that could harm the one that is made after it.</summary>
public sealed class FailedCreationTests
{
    [Fact]
    public async Task A_topic_that_could_not_be_made_can_be_made_later_and_keeps_its_records()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        var device = new SimulatedStorageDevice("/data");
        var options = new LogEngineOptions { DataDirectory = "/data" };
        await using (LogEngine engine = await LogEngine.OpenAsync(options, device, cancellation))
        {
            device.Fault = static o => o.Kind == "create" && o.Path.StartsWith("/data/t-1/", StringComparison.Ordinal)
                && o.Path.EndsWith("partition.metadata.tmp", StringComparison.Ordinal) ? new SimulatedFault(StorageError.TooManyFiles) : null;
            int open = device.OpenFiles;
            await Assert.ThrowsAnyAsync<IOException>(() => engine.CreateTopicAsync("t", 3, cancellationToken: cancellation));
            Assert.False(engine.IsOffline);
            Assert.False(engine.TryGetTopic("t", out _));
            Assert.Equal(open, device.OpenFiles);
            device.Fault = null;
            Topic topic = await engine.CreateTopicAsync("t", 3, cancellationToken: cancellation);
            for (int p = 0; p < 3; p++)
            {
                Assert.Equal(AppendStatus.Appended, (await topic.Partitions[p].AppendAsync(TestBatches.Build(1, p), cancellation)).Status);
            }
        }

        await using LogEngine again = await LogEngine.OpenAsync(options, device, cancellation);
        Assert.True(again.TryGetTopic("t", out Topic? found));
        Assert.Empty(again.Recovery.LostDirectories);
        Assert.All(found.Partitions, static partition => Assert.Equal(1, partition.HighWatermark));
    }
}
