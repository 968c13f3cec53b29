using LogQueue.Engine;
using LogQueue.Engine.Partitions;
using LogQueue.Engine.Topics;
using LogQueue.Storage;

namespace LogQueue.Server.Tests.Disk;

/// <summary>
/// The trap that databases fell into for twenty years: writes go to the page cache, the disk below has no room for them, one sync fails, and
/// from then on syncs succeed and reads look right although the bytes never reached the disk. Here the disk is an image on a memory file
/// system that is too small for it. 2 times; LOGQUEUE_LONG=1: 100. Needs root.
/// </summary>
[Collection(nameof(LoopDisk))]
public sealed class FsyncGateTests(ITestOutputHelper output)
{
    private const int ValueBytes = 200_000;

    [Fact(Timeout = 1_800_000)]
    public async Task After_a_failed_sync_nothing_is_acknowledged_and_after_a_restart_all_that_was_is_there()
    {
        int rounds = Environment.GetEnvironmentVariable("LOGQUEUE_LONG") == "1" ? 100 : 2;
        for (int round = 0; round < rounds; round++)
        {
            using LoopDisk disk = LoopDisk.Create(
                "ext4", 96L << 20, static folder => LinuxMount.Mount("tmpfs", folder, "tmpfs", "size=24m"), isHonest: true);
            string directory = Path.Combine(disk.Folder, "data");
            long acknowledged = await FillAsync(directory);
            LinuxMount.Remount(disk.ImageFolder, "tmpfs", "size=256m");
            bool replugged = await ReopenAsync(disk, directory, acknowledged);
            output.WriteLine($"{acknowledged} records acknowledged before the sync failed; reopened "
                + (replugged ? "after mounting it anew: the file system had given up" : "in the same mount, with the page cache of the failure"));
        }
    }

    private static async Task<long> FillAsync(string directory)
    {
        await using LogEngine engine = await OpenAsync(directory);
        Topic topic = await engine.CreateTopicAsync(DiskCalls.Topic, 1, new Dictionary<string, string> { ["segment.bytes"] = "4194304" });
        Partition log = topic.Partitions[0];
        long acknowledged = 0;
        await Assert.ThrowsAsync<LogOfflineException>(async () =>
        {
            while (true)
            {
                for (int i = 0; i < 5; i++)
                {
                    AppendResult written = log.Append(DiskCalls.Batch(log.LogEndOffset, ValueBytes));
                    if (written.Status != AppendStatus.Appended)
                    {
                        throw new LogOfflineException($"{written.Status}: {written.Detail}");
                    }
                }

                await log.WaitUntilDurableAsync(log.LogEndOffset);
                acknowledged = log.LogEndOffset;
            }
        });
        Assert.True(engine.IsOffline, $"{acknowledged} records were acknowledged, and the directory is not fenced");
        Assert.Equal(AppendStatus.Offline, log.Append(DiskCalls.Batch(0)).Status);
        await Assert.ThrowsAsync<LogOfflineException>(() => log.WaitUntilDurableAsync(log.LogEndOffset).AsTask());
        Assert.Equal(acknowledged, log.HighWatermark);
        Assert.Equal(Tags(acknowledged), DiskCalls.ReadAll(log)); // reads go on
        return acknowledged;
    }

    /// <summary>Opens where the failure happened; where the file system has turned read-only over it, mounts it anew first.</summary>
    private static async Task<bool> ReopenAsync(LoopDisk disk, string directory, long acknowledged)
    {
        bool replugged = false;
        List<long> found;
        try
        {
            found = await DiskCalls.ReadAllAsync(directory);
        }
        catch (Engine.Errors.DataDirectoryException)
        {
            disk.Replug();
            replugged = true;
            found = await DiskCalls.ReadAllAsync(directory);
        }

        Assert.True(found.Count >= acknowledged, $"{acknowledged} records were acknowledged, {found.Count} are there");
        Assert.Equal(Tags(found.Count), found);

        // What was found is on the disk, not in the cache of the failure: it is there after a power cut, too.
        disk.CutPower();
        disk.Replug();
        Assert.Equal(found, await DiskCalls.ReadAllAsync(directory));
        return replugged;
    }

    private static IEnumerable<long> Tags(long count) => Enumerable.Range(0, (int)count).Select(static i => (long)i);

    private static Task<LogEngine> OpenAsync(string directory) => LogEngine.OpenAsync(
        new LogEngineOptions { DataDirectory = directory, DiskMinFreeBytes = 0 }, TestContext.Current.CancellationToken);
}
