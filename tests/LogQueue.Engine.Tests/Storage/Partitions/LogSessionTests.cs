using LogQueue.Storage;
using LogQueue.Storage.Files;
using LogQueue.Storage.Partitions;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Partitions;

/// <summary>A log that is cut, closed or damaged between two steps of somebody else.</summary>
public sealed class LogSessionTests
{
    [Theory]
    [InlineData("cut")]
    [InlineData("closed")]
    [InlineData("deleted")]
    public void A_prepared_commit_of_a_log_that_ended_meanwhile_publishes_nothing(string how)
    {
        using var rig = new StorageRig();
        Append(rig, 4);
        rig.Log.Commit();
        Append(rig, 3);
        Assert.True(rig.Log.TryPrepareCommit(1 << 20, out PendingCommit pending));
        Assert.True(rig.Log.IsCurrent(pending));
        switch (how)
        {
            case "cut": rig.Log.TruncateTo(4); break;
            case "closed": rig.Log.Dispose(); break;
            default: rig.Log.Delete(); break;
        }

        Assert.False(rig.Log.IsCurrent(pending));
        long end = rig.Log.RecoveryPoint;
        rig.Log.CompleteCommit(pending);
        pending.Release();
        Assert.Equal((4L, 4L), (end, rig.Log.RecoveryPoint));
        Assert.False(rig.Log.TryPrepareCommit(1 << 20, out _));
    }

    [Fact]
    public void A_commit_that_another_one_overtook_publishes_nothing_more()
    {
        int told = 0;
        using var rig = new StorageRig();
        rig.Log.Append(TestBatches.Build(1, 0), AppendOrigin.Client);
        rig.Log.Commit();
        Append(rig, 3);
        rig.Log.HighWatermarkAdvanced = () => told++;
        Assert.True(rig.Log.TryPrepareCommit(1 << 20, out PendingCommit pending));
        rig.Log.Commit();
        Assert.Equal((4L, 1), (rig.Log.RecoveryPoint, told));
        rig.Log.CompleteCommit(pending);
        pending.Release();
        Assert.Equal((4L, 1), (rig.Log.RecoveryPoint, told));
    }

    [Fact]
    public void A_file_that_lost_what_was_written_is_named_before_anything_of_it_is_promised()
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        using var rig = new StorageRig(device);
        Append(rig, 4);
        rig.Log.Commit();
        long durable = rig.Log.SizeBytes;
        Append(rig, 3);
        Assert.True(rig.Log.TryPrepareCommit(1 << 20, out PendingCommit pending));
        string path = DamageRig.Logs(device)[0];
        using (IStorageFile file = device.Open(path, StorageOpenMode.ReadWrite))
        {
            file.Truncate(durable + 10);
        }

        StorageException e = Assert.Throws<StorageException>(() => pending.CopyTo(new byte[1000]));
        Assert.Equal($"pread of '{path}' failed: the file ends at {durable + 10}, but {rig.Log.SizeBytes} bytes of it were written", e.Message);
        pending.Release();
    }

    [Fact]
    public void A_closed_log_says_so_to_everybody()
    {
        using var rig = new StorageRig();
        Append(rig, 4);
        rig.Log.Commit();
        rig.Log.Dispose();
        const string Closed = "Partition topic-0: the log is closed.";
        Assert.Equal(Closed, Assert.Throws<LogOfflineException>(() => rig.Log.AdvanceLogStart(2)).Message);
        Assert.Equal(Closed, Assert.Throws<LogOfflineException>(() => rig.Log.TruncateTo(2)).Message);
        Assert.Equal(Closed, Assert.Throws<LogOfflineException>(rig.Log.Roll).Message);
        Assert.Equal(0, rig.Log.LogStartOffset);
        ReadResult read = rig.Log.Read(0, 1000, ReadIsolation.Committed, atLeastOneBatch: true);
        Assert.Equal((ReadStatus.Offline, 4L), (read.Status, read.HighWatermark));
        Assert.Empty(read.AbortedTransactions);
        Assert.True(read.Records.IsEmpty);
    }

    private static void Append(StorageRig rig, int records) => Assert.Equal(AppendStatus.Appended,
        rig.Log.Append(TestBatches.Build(records, rig.Log.LogEndOffset), AppendOrigin.Client).Status);
}
