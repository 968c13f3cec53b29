using LogQueue.Records;
using LogQueue.Storage;
using LogQueue.Storage.Files;
using LogQueue.Storage.Partitions;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Partitions;

/// <summary>Logs that share fewer handles than there are logs.</summary>
public sealed class IdleHandleTests : IDisposable
{
    private readonly SimulatedStorageDevice _device = new(StorageRig.Root);
    private readonly DirectoryFence _fence = new();
    private readonly PartitionLogContext _context;
    private readonly List<PartitionLog> _logs = [];

    public IdleHandleTests() => _context = Context(_device, _fence, budget: 2);

    public void Dispose() => _logs.ForEach(static log => log.Dispose());

    [Fact]
    public void A_log_without_unsynced_records_gives_its_handle_up_and_goes_on_where_it_was()
    {
        PartitionLog[] logs = [.. Enumerable.Range(0, 5).Select(i => Open($"t-{i}"))];
        for (int pass = 0; pass < 4; pass++)
        {
            foreach (PartitionLog log in logs)
            {
                Assert.Equal(pass, Append(log, pass).BaseOffset);
                log.Commit();
                Assert.InRange(_device.OpenFiles, 0, 3);
            }
        }

        foreach (PartitionLog log in logs)
        {
            Assert.Equal([0L, 1, 2, 3], StorageRig.ReadAll(log, 0).ConvertAll(static r => r.Tag));
            log.Roll();
            Assert.Equal(4, Append(log, 4).BaseOffset);
            log.Commit();
            Assert.Equal((2, 5L), (log.SegmentCount, log.RecoveryPoint));
        }

        Assert.False(_fence.IsTripped);
        foreach (PartitionLog log in Reopen(_device.Crash(seed: 3)))
        {
            Assert.Equal([0L, 1, 2, 3, 4], StorageRig.ReadAll(log, 0).ConvertAll(static r => r.Tag));
        }
    }

    [Fact]
    public void An_unsynced_log_keeps_its_handle_and_so_hears_that_its_pages_were_lost()
    {
        PartitionLog other = Open("t-1");
        PartitionLog written = Open("t-0");
        Append(written, 0);
        written.Commit();
        Append(written, 1);
        for (int i = 0; i < 3; i++)
        {
            StorageRig.ReadAll(other, 0);
            _context.FileBudget.CloseIdle();
        }

        SimulatedStorageFile.FailWriteBack(_device, PathOf("t-0"));
        written.Commit();

        Assert.True(_fence.IsTripped, "the sync was made on a handle that could not know");
        Assert.Equal(1, written.RecoveryPoint);
        PartitionLog after = Reopen(_device.Crash(seed: 1))[0];
        Assert.Empty(after.Recovery.Damage);
        Assert.Equal(0, StorageRig.ReadAll(after, 0)[0].Tag);
    }

    [Fact]
    public void Pages_lost_before_room_is_made_with_their_file_fence_the_directory()
    {
        PartitionLog first = Open("t-0");
        PartitionLog second = Open("t-1");
        Append(first, 0);
        SimulatedStorageFile.FailWriteBack(_device, PathOf("t-0"));

        AppendResult refused = Append(second, 0); // one of two handles may be unsynced

        Assert.Equal((AppendStatus.Offline, true), (refused.Status, _fence.IsTripped));
        first.Commit();
        Assert.Equal(0, first.RecoveryPoint);
    }

    [Fact]
    public void What_was_synced_to_make_room_is_committed_without_another_sync()
    {
        PartitionLog first = Open("t-0");
        PartitionLog second = Open("t-1");
        Append(first, 0);
        first.Commit();
        Append(first, 1);
        Append(second, 0);
        long syncs = _device.Syncs;
        Assert.False(first.TryPrepareCommit(1 << 20, out _)); // its file may be closed: nothing for the journal
        first.Commit();
        Assert.Equal((syncs, 2L), (_device.Syncs, first.RecoveryPoint));
        Assert.Equal([0L, 1], StorageRig.ReadAll(Reopen(_device.Crash(seed: 2))[0], 0).ConvertAll(static r => r.Tag));
    }

    [Fact]
    public void Without_a_file_handle_an_append_is_refused_and_the_next_one_is_taken()
    {
        PartitionLog log = Open("t-0");
        Append(log, 0);
        log.Commit();
        _context.FileBudget.CloseIdle();
        _device.Fault = static o => o.Kind is "open" ? new SimulatedFault(StorageError.TooManyFiles) : null;

        AppendResult refused = Append(log, 1);

        Assert.Equal((AppendStatus.OutOfResources, false), (refused.Status, _fence.IsTripped));
        Assert.Contains("t-0", refused.Detail, StringComparison.Ordinal);
        Assert.Equal(StorageError.TooManyFiles, Assert.Throws<StorageException>(() => StorageRig.ReadAll(log, 0)).Error);
        _device.Fault = null;
        Assert.Equal(1, Append(log, 1).BaseOffset);
        Assert.Equal([0L, 1], StorageRig.ReadAll(log, 0).ConvertAll(static r => r.Tag));
    }

    [Fact]
    public void A_commit_for_which_there_is_no_handle_is_put_off_and_loses_nothing()
    {
        PartitionLog log = Open("t-0");
        Append(log, 0);
        log.Commit();
        log.Roll(); // the name of the new segment is to be synced
        Append(log, 1);
        _device.Fault = static o => o.Kind == "syncdir" // which a disk opens first
            ? throw new StorageException(StorageError.TooManyFiles, "open", o.Path, "simulated") : null;
        ValueTask waiting = log.WaitUntilDurableAsync(2, TestContext.Current.CancellationToken);

        Assert.Contains("not durable yet", Assert.Throws<SyncTimeoutException>(() => log.WaitUntilDurable(2)).Message, StringComparison.Ordinal);

        Assert.Equal((false, 1L), (_fence.IsTripped, log.RecoveryPoint));
        Assert.False(waiting.IsCompleted);
        _device.Fault = null;
        log.Commit();
        Assert.True(waiting.IsCompletedSuccessfully);
        Assert.Equal(2, log.RecoveryPoint);
        Assert.Equal([0L, 1], StorageRig.ReadAll(Reopen(_device.Crash(seed: 2))[0], 0).ConvertAll(static r => r.Tag));
    }

    [Fact]
    public void Index_pages_are_synced_before_their_handle_is_given_up()
    {
        var options = new LogOptions { IndexIntervalBytes = 1, RetentionMs = -1 };
        PartitionLog indexed = Open("t-0", options);
        for (int i = 0; i < 600; i++)
        {
            Append(indexed, i); // two pages of each index
        }

        indexed.Commit();
        Assert.InRange(_device.OpenFiles, 1, 3);
        PartitionLog other = Open("t-1", options);
        Append(other, 0);
        other.Commit();
        _context.FileBudget.CloseIdle();
        Assert.InRange(_context.FileBudget.UnsyncedCount, 0, 1);
        Assert.Equal(Enumerable.Range(0, 600).Select(static i => (long)i), StorageRig.ReadAll(indexed, 0).ConvertAll(static r => r.Tag));
        Assert.False(_fence.IsTripped);
    }

    private static string PathOf(string name) => $"{StorageRig.Root}/{name}/00000000000000000000.log";

    private static AppendResult Append(PartitionLog log, long tag) => log.Append(TestBatches.Build(1, tag), AppendOrigin.Client);

    private static PartitionLogContext Context(SimulatedStorageDevice device, DirectoryFence fence, int budget) => new()
    {
        Device = device,
        TimeProvider = TimeProvider.System,
        Fence = fence,
        CommitLog = new InlineCommitLog(),
        FileBudget = new LeaseBudget(budget) { SyncFailed = fence.Trip },
        MapBudget = new LeaseBudget(budget),
    };

    private PartitionLog Open(string name, LogOptions? options = null) =>
        Keep(PartitionLog.Open(_context, $"{StorageRig.Root}/{name}", new TopicPartition("t", name[^1] - '0'), options ?? new LogOptions { RetentionMs = -1 }, false));

    private List<PartitionLog> Reopen(SimulatedStorageDevice device)
    {
        PartitionLogContext context = Context(device, new DirectoryFence(), budget: 2);
        return [.. device.ListDirectories(StorageRig.Root).Where(static n => n.StartsWith("t-", StringComparison.Ordinal)).Select(name => Keep(
            PartitionLog.Open(context, $"{StorageRig.Root}/{name}", new TopicPartition("t", name[^1] - '0'), new LogOptions { RetentionMs = -1 }, false)))];
    }

    private PartitionLog Keep(PartitionLog log)
    {
        _logs.Add(log);
        return log;
    }
}
