using LogQueue.Storage;
using LogQueue.Storage.Journal;
using LogQueue.Storage.Partitions;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Journal;

/// <summary>When the journal cannot take a round, and what its work in the background does to it. Nothing of a round is ever lost.</summary>
public sealed class CommitJournalTests
{
    private const int PageBytes = JournalFile.PageBytes;

    private readonly SimulatedStorageDevice _device = new(StorageRig.Root);
    private readonly Queue<Action> _background = new();

    [Fact]
    public void A_round_that_is_larger_than_a_file_is_synced_without_it()
    {
        using var rig = new JournalRig(_device, 2 * PageBytes);
        PartitionLog[] logs = Open(rig);
        Round(rig, logs, valueBytes: 100);
        Round(rig, logs, valueBytes: 100); // the first made the files
        Assert.Equal(1, rig.Journal.Rounds);
        Round(rig, logs, valueBytes: 1700); // three of them are more than a page
        Assert.Equal(1, rig.Journal.Rounds);
        Round(rig, logs, valueBytes: 100);
        AssertAllDurable(rig, logs);
    }

    [Fact]
    public void While_both_files_wait_for_their_segments_rounds_are_synced_without_them()
    {
        using var rig = new JournalRig(_device, 3 * PageBytes, _background.Enqueue); // two rounds a file
        PartitionLog[] logs = Open(rig);
        Round(rig, logs);
        RunBackground();
        for (int i = 1; i <= 4; i++)
        {
            Round(rig, logs);
            Assert.Equal(i, rig.Journal.Rounds);
        }

        Round(rig, logs);
        Assert.Equal(4, rig.Journal.Rounds); // both are full, and nothing is synced of the first
        AssertAllDurable(rig, logs);
        RunBackground();
        Round(rig, logs);
        Assert.Equal(5, rig.Journal.Rounds);
        RunBackground();
        AssertAllDurable(rig, logs);
    }

    [Fact]
    public void Behind_a_fence_nothing_is_synced_to_make_room()
    {
        using var rig = new JournalRig(_device, 3 * PageBytes, _background.Enqueue);
        PartitionLog[] logs = OpenAndFill(rig);
        long[] durable = [.. logs.Select(static l => l.RecoveryPoint)];
        Assert.NotEmpty(_background); // the first file is full: its segments are to be synced
        var cause = new IOException("another directory entry of this disk is gone");
        rig.Fence.Trip(cause);
        long syncs = _device.Syncs;
        RunBackground();
        Assert.Equal(syncs, _device.Syncs);
        Assert.Same(cause, rig.Fence.Cause);
        rig.Dispose();
        AssertAllThere(_device.Crash(1, CrashProfile.Weak), durable);
    }

    [Fact]
    public void A_segment_that_is_gone_needs_no_sync_to_make_room()
    {
        using var rig = new JournalRig(_device, 3 * PageBytes, _background.Enqueue);
        PartitionLog[] logs = OpenAndFill(rig);
        Assert.NotEmpty(_background);
        logs[0].Dispose();
        rig.Logs.Remove("a-0");
        RunBackground();
        Assert.False(rig.Fence.IsTripped);
        for (int i = 0; i < 4; i++)
        {
            Round(rig, logs[1..]);
            RunBackground();
        }

        Assert.Equal(7, rig.Journal.Rounds);
    }

    [Fact]
    public async Task It_is_closed_when_its_work_in_the_background_has_ended()
    {
        using var rig = new JournalRig(_device, 3 * PageBytes, _background.Enqueue);
        Round(rig, Open(rig));
        var isClosing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task closed = Task.Run(() =>
        {
            isClosing.SetResult();
            rig.Journal.Dispose();
        }, TestContext.Current.CancellationToken);
        await isClosing.Task;
        await Task.Delay(20, TestContext.Current.CancellationToken);
        Assert.False(closed.IsCompleted);
        RunBackground();
        await closed.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        Assert.False(rig.Journal.TryWrite([]));
        rig.Journal.Delete();
        Assert.False(_device.FileExists(CommitJournal.PathOf(StorageRig.Root, 0)));
        rig.Journal.Delete();
    }

    /// <summary>Logs whose rounds have filled the first file: the sync of its segments waits in the background.</summary>
    private PartitionLog[] OpenAndFill(JournalRig rig)
    {
        PartitionLog[] logs = Open(rig);
        Round(rig, logs);
        RunBackground();
        for (int i = 0; i < 3; i++)
        {
            Round(rig, logs);
        }

        return logs;
    }

    private static PartitionLog[] Open(JournalRig rig) => [rig.Open("a-0"), rig.Open("b-0"), rig.Open("c-0")];

    private static void Round(JournalRig rig, PartitionLog[] logs, int valueBytes = 16)
    {
        foreach (PartitionLog log in logs)
        {
            Assert.Equal(AppendStatus.Appended, log.Append(TestBatches.Build(1, log.LogEndOffset, valueBytes: valueBytes), AppendOrigin.Client).Status);
        }

        rig.CommitAll();
        Assert.All(logs, static log => Assert.Equal(log.LogEndOffset, log.RecoveryPoint));
    }

    private void RunBackground()
    {
        while (_background.TryDequeue(out Action? work))
        {
            work();
        }
    }

    private void AssertAllDurable(JournalRig rig, PartitionLog[] logs)
    {
        Assert.False(rig.Fence.IsTripped);
        AssertAllThere(_device.Crash(1, CrashProfile.Weak), [.. logs.Select(static l => l.LogEndOffset)]);
    }

    private static void AssertAllThere(SimulatedStorageDevice crashed, long[] ends)
    {
        using var rig = new JournalRig(crashed);
        Assert.Equal(ends, Open(rig).Select(static l => l.LogEndOffset));
        Assert.All(rig.Logs.Values, static log => Assert.Equal(log.LogEndOffset, StorageRig.ReadAll(log, 0, ReadIsolation.Uncommitted).Count));
    }
}
