using LogQueue.Engine.Opening;
using LogQueue.Storage;
using LogQueue.Storage.Files;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Engine.Opening;

public sealed class HandleBudgetsTests : EngineTest
{
    private const int Limit = 400;
    private readonly EngineCount _engines = new();

    [Fact]
    public async Task Many_partitions_take_turns_with_few_handles_and_nothing_of_them_is_lost()
    {
        const int Partitions = 300;
        const int Passes = 2;
        await using (LogEngine engine = await LogEngine.OpenAsync(Options(Limit), Deadline))
        {
            LogQueue.Engine.Topics.Topic topic = await engine.CreateTopicAsync("many", Partitions, cancellationToken: Deadline);
            for (int pass = 0; pass < Passes; pass++)
            {
                foreach (LogQueue.Engine.Partitions.Partition partition in topic.Partitions)
                {
                    Assert.Equal(pass, partition.Append(TestBatches.Build(1, pass, valueBytes: 5_000)).BaseOffset);
                    Assert.InRange(engine.OpenFiles.OpenLogFiles, 0, Limit / 2);
                }
            }

            await engine.FlushAsync(Deadline);
            Assert.False(engine.IsOffline);
        }

        await using LogEngine after = await LogEngine.OpenAsync(Options(Limit), Deadline);
        Assert.Empty(after.Damage);
        foreach (LogQueue.Engine.Partitions.Partition partition in after.GetTopic("many").Partitions)
        {
            Assert.Equal(Passes, partition.HighWatermark);
            Assert.False(partition.Read(Passes - 1, 1 << 20).Records.IsEmpty);
        }
    }

    [Fact]
    public void Engines_of_one_process_share_in_equal_parts()
    {
        var device = new SimulatedStorageDevice("/data");
        using var first = new HandleBudgets(Options(10_000), device, new DirectoryFence());
        int alone = first.Limits.MostLogFiles;
        var second = new HandleBudgets(Options(10_000), device, new DirectoryFence());
        Assert.Equal((alone / 2, alone / 2), (first.Limits.MostLogFiles, second.Limits.MostLogFiles));
        second.Dispose();
        second.Dispose();
        Assert.Equal(alone, first.Limits.MostLogFiles);
        Assert.Equal(10_000 - 512, alone);
    }

    [Fact]
    public async Task An_engine_that_fails_to_open_takes_no_part()
    {
        var device = new SimulatedStorageDevice("/data")
        {
            Fault = static o => o.Path.EndsWith("commit.journal.0", StringComparison.Ordinal) ? new SimulatedFault(StorageError.InputOutput) : null,
        };
        for (int i = 0; i < 3; i++)
        {
            await Assert.ThrowsAsync<LogQueue.Engine.Errors.DataDirectoryException>(
                () => LogEngine.OpenAsync(Options(1_000) with { DataDirectory = "/data" }, device, Deadline));
        }

        using var only = new HandleBudgets(Options(10_000), new SimulatedStorageDevice("/data"), new DirectoryFence());
        Assert.Equal(10_000 - 512, only.Limits.MostLogFiles);
    }

    [Fact]
    public void A_sync_that_fails_to_make_room_fences_the_directory()
    {
        var fence = new DirectoryFence();
        using var budgets = new HandleBudgets(Options(Limit), new SimulatedStorageDevice("/data"), fence);
        budgets.Files.SyncFailed!(new StorageException(StorageError.InputOutput, "fdatasync", "/data/x", "gone"));
        Assert.True(fence.IsTripped);
    }

    [Fact]
    public void A_small_limit_is_said_once_at_the_start()
    {
        List<string> said = [];
        using var small = new HandleBudgets(
            Options(Limit) with { OnWarning = said.Add, Connections = 10 }, new SimulatedStorageDevice("/data"), new DirectoryFence());
        Assert.Contains("only 400 files open", Assert.Single(said), StringComparison.Ordinal);
        Assert.Equal((400, 200, 10), (small.Limits.Limit, small.Limits.Reserve, small.Limits.MostConnections));
    }

    private LogEngineOptions Options(int limit) => new()
    {
        DataDirectory = DataDirectory, OpenFileLimit = limit, DiskMinFreeBytes = 0, Engines = _engines,
    };
}
