using LogQueue.Engine.Partitions;
using LogQueue.Engine.Topics;
using LogQueue.Storage.Files;
using LogQueue.TestKit.Storage;
using Record = LogQueue.Records.Record;

namespace LogQueue.Engine.Tests.Engine.Opening;

/// <summary>
/// Every bit of the small files of a data directory flipped, every cut, and their loss: the engine opens, says who it is as before, and no
/// topic vanishes. Every bit with LOGQUEUE_LONG=1, every fifth otherwise.
/// </summary>
public sealed class DirectoryFilesTests
{
    private const string Root = "/data";

    [Theory]
    [InlineData("meta.properties")]
    [InlineData("meta.properties.copy")]
    [InlineData(".logqueue_clean_shutdown")]
    [InlineData("sensors-0/partition.metadata")]
    [InlineData("__cluster_metadata-0/recovery.ckpt")]
    [InlineData("__cluster_metadata-0/leader-epoch-checkpoint")]
    public async Task No_topic_vanishes(string file)
    {
        var device = new SimulatedStorageDevice(Root, "/");
        string clusterId;
        await using (LogEngine engine = await OpenAsync(device))
        {
            clusterId = engine.ClusterId;
            Topic topic = await engine.CreateTopicAsync("sensors", cancellationToken: TestContext.Current.CancellationToken);
            await topic.Partitions[0].AppendAsync(default, new byte[8], cancellationToken: TestContext.Current.CancellationToken);
        }

        string path = $"{Root}/{file}";
        long bytes = Math.Min(device.FileLength(path), 160);
        int step = Environment.GetEnvironmentVariable("LOGQUEUE_LONG") == "1" ? 1 : 5;
        for (long damage = -1 - (bytes / step); damage < bytes * 8; damage += damage < 0 ? 1 : step)
        {
            SimulatedStorageDevice damaged = device.Copy();
            if (damage == -1)
            {
                damaged.Delete(path);
            }
            else if (damage < 0)
            {
                using IStorageFile cut = damaged.Open(path, StorageOpenMode.ReadWrite);
                cut.Truncate((-2 - damage) * step);
            }
            else
            {
                damaged.FlipBit(path, damage);
            }

            await using LogEngine engine = await OpenAsync(damaged);
            Assert.True(clusterId == engine.ClusterId && engine.NodeId == 1, $"{file}, damage {damage}: cluster {engine.ClusterId}, node {engine.NodeId}");
            Assert.Empty(engine.Recovery.Damage);
            Assert.Empty(engine.Recovery.LostDirectories);
            Partition partition = engine.Topics.Single(static t => t.Name == "sensors").Partitions[0];
            int records = 0;
            await foreach (Record record in partition.ReadRecordsAsync(0, cancellationToken: TestContext.Current.CancellationToken))
            {
                records++;
            }

            Assert.True(records == 1, $"{file}, damage {damage}: {records} records");
        }
    }

    private static Task<LogEngine> OpenAsync(SimulatedStorageDevice device) =>
        LogEngine.OpenAsync(new LogEngineOptions { DataDirectory = Root }, device, TestContext.Current.CancellationToken);
}
