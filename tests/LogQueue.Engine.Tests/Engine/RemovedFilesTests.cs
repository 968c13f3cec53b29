using LogQueue.Engine.Opening;
using LogQueue.Engine.Partitions;
using LogQueue.Engine.Topics;
using LogQueue.Storage;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Engine;

/// <summary>Files that somebody removes under a running engine.</summary>
public sealed class RemovedFilesTests : EngineTest
{
    private const int Large = 300_000; // four of them fill a segment
    private const int FewFiles = 8; // so that what is not used is not open

    [Fact]
    public async Task A_removed_segment_fails_the_reads_of_its_partition_and_no_others()
    {
        var options = new LogEngineOptions
        {
            DataDirectory = DataDirectory, DiskMinFreeBytes = 0, OpenFileLimit = FewFiles, Engines = new EngineCount(),
        };
        await using (LogEngine first = await LogEngine.OpenAsync(options, Deadline))
        {
            Topic topic = await first.CreateTopicAsync(
                "t", 5, new Dictionary<string, string> { ["segment.bytes"] = "1048576" }, Deadline);
            for (int i = 0; i < 8; i++)
            {
                foreach (Partition partition in topic.Partitions)
                {
                    Assert.Equal(AppendStatus.Appended, (await partition.AppendAsync(Batch(i))).Status);
                }
            }
        }

        await using LogEngine engine = await LogEngine.OpenAsync(options, Deadline);
        IReadOnlyList<Partition> partitions = engine.GetTopic("t").Partitions;
        partitions[0].Read(7, 1 << 20).Records.Dispose(); // opened, by its end
        Assert.All((int[])[1, 3, 4, 1], p => Assert.Equal(8, Count(partitions[p]))); // more segments than may stay open
        File.Delete(Path.Combine(DataDirectory, "t-0", "00000000000000000000.log"));
        Directory.Delete(Path.Combine(DataDirectory, "t-2"), recursive: true);

        Assert.Equal(StorageError.NotFound, Assert.Throws<StorageException>(() => partitions[0].Read(0, 1 << 20)).Error);

        Assert.False(engine.IsOffline);
        partitions[0].Read(7, 1 << 20).Records.Dispose();
        Assert.Equal(8, Count(partitions[1]));
        Assert.Equal(AppendStatus.Appended, (await partitions[1].AppendAsync(Batch(8))).Status);

        // A partition that is not open yet must not begin again at offset 0.
        Assert.Equal(AppendStatus.Offline, partitions[2].Append(Batch(0)).Status);
        Assert.True(engine.IsOffline);
        Assert.False(Directory.Exists(Path.Combine(DataDirectory, "t-2")));
        Assert.Equal(9, Count(partitions[1]));
    }

    private static byte[] Batch(long tag) => TestBatches.Build(1, tag, valueBytes: Large);

    private static long Count(Partition partition)
    {
        long next = 0;
        while (next < partition.HighWatermark)
        {
            using LogQueue.Wire.RecordSlice records = partition.Read(next, 1 << 20).Records;
            byte[] bytes = new byte[records.LengthBytes];
            records.CopyTo(bytes);
            next = StorageRig.Decode(bytes, next, []);
        }

        return next;
    }
}
