using LogQueue.Engine.Topics;
using LogQueue.Storage;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Engine;

/// <summary>A topic whose files cannot be made leaves nothing that could harm the one that is made after it.</summary>
public sealed class FailedCreationTests
{
    [Fact]
    public async Task A_partition_whose_files_could_not_be_made_gets_them_later_and_keeps_its_records()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        var device = new SimulatedStorageDevice("/data");
        var options = new LogEngineOptions { DataDirectory = "/data" };
        await using (LogEngine engine = await LogEngine.OpenAsync(options, device, cancellation))
        {
            device.Fault = static o => o.Kind == "create" && o.Path.StartsWith("/data/t-1/", StringComparison.Ordinal)
                && o.Path.EndsWith("partition.metadata.tmp", StringComparison.Ordinal) ? new SimulatedFault(StorageError.TooManyFiles) : null;
            Topic topic = await engine.CreateTopicAsync("t", 3, cancellationToken: cancellation); // files come with the first record
            int open = device.OpenFiles;
            Assert.Equal(AppendStatus.OutOfResources, (await topic.Partitions[1].AppendAsync(TestBatches.Build(1, 0), cancellation)).Status);
            Assert.False(engine.IsOffline);
            Assert.Equal(open, device.OpenFiles);
            device.Fault = null;
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

    [Fact]
    public async Task A_sync_that_fails_while_files_are_made_is_final()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        var device = new SimulatedStorageDevice("/data", "/");
        await using LogEngine engine = await LogEngine.OpenAsync(new LogEngineOptions { DataDirectory = "/data" }, device, cancellation);
        Topic topic = await engine.CreateTopicAsync("t", cancellationToken: cancellation);
        device.Fault = static o => o.Kind == "sync" && o.Path.StartsWith("/data/t-0/", StringComparison.Ordinal)
            ? new SimulatedFault(StorageError.InputOutput) : null;
        Assert.Equal(AppendStatus.Offline, (await topic.Partitions[0].AppendAsync(TestBatches.Build(1, 0), cancellation)).Status);
        Assert.True(engine.IsOffline);
    }
}
