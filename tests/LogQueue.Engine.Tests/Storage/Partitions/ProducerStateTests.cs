using LogQueue.Storage;
using LogQueue.Storage.Partitions;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Partitions;

public sealed class ProducerStateTests
{
    [Fact]
    public void The_last_five_batches_are_recognised_and_nothing_else()
    {
        using var rig = new StorageRig();
        for (int i = 0; i < 8; i++)
        {
            AppendResult appended = Append(rig, epoch: 0, sequence: i * 2);
            Assert.Equal((AppendStatus.Appended, i * 2L), (appended.Status, appended.BaseOffset));
        }

        for (int i = 3; i < 8; i++)
        {
            AppendResult again = Append(rig, 0, i * 2);
            Assert.Equal((AppendStatus.Duplicate, i * 2L, (i * 2L) + 1), (again.Status, again.BaseOffset, again.LastOffset));
        }

        Assert.Equal(AppendStatus.OutOfOrderSequence, Append(rig, 0, 4).Status);
        Assert.Equal(AppendStatus.OutOfOrderSequence, Append(rig, 0, 18).Status);
        Assert.Equal(AppendStatus.Appended, Append(rig, 0, 16).Status);
        Assert.Equal(18, rig.Log.LogEndOffset);
    }

    [Fact]
    public void A_new_epoch_starts_at_zero_and_an_old_one_is_refused()
    {
        using var rig = new StorageRig();
        Assert.Equal(AppendStatus.Appended, Append(rig, 3, 100).Status);
        Assert.Equal(AppendStatus.OutOfOrderSequence, Append(rig, 4, 102).Status);
        Assert.Equal(AppendStatus.Appended, Append(rig, 4, 0).Status);
        Assert.Equal(AppendStatus.InvalidProducerEpoch, Append(rig, 3, 102).Status);
    }

    [Fact]
    public void Sequences_wrap_to_zero()
    {
        using var rig = new StorageRig();
        Assert.Equal(AppendStatus.Appended, Append(rig, 0, int.MaxValue - 1).Status);
        Assert.Equal(AppendStatus.Appended, Append(rig, 0, 0).Status);
        Assert.Equal(AppendStatus.Duplicate, Append(rig, 0, int.MaxValue - 1).Status);
        Assert.Equal(AppendStatus.Appended, Append(rig, 0, 2).Status);
    }

    [Theory]
    [InlineData("kill")]
    [InlineData("power cut")]
    [InlineData("close")]
    [InlineData("close, snapshots lost")]
    public async Task Retries_after_a_restart_are_duplicates(string how)
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        var options = new LogOptions { SegmentBytes = 900, PreallocateFirstBytes = 512 };
        using (var rig = new StorageRig(device, options))
        {
            for (int i = 0; i < 20; i++)
            {
                Assert.Equal(AppendStatus.Appended, Append(rig, 0, i * 2).Status);
            }

            rig.Log.Commit();
            if (how.StartsWith("close", StringComparison.Ordinal))
            {
                await rig.Log.CloseAsync();
            }
        }

        if (how == "power cut")
        {
            device = device.Crash(5);
        }

        if (how == "close, snapshots lost")
        {
            foreach (string name in device.ListFiles(StorageRig.Directory).Where(static n => n.EndsWith(".snapshot", StringComparison.Ordinal)))
            {
                device.Delete($"{StorageRig.Directory}/{name}");
            }
        }

        using var again = new StorageRig(device, options);
        for (int i = 18; i < 20; i++)
        {
            AppendResult retried = Append(again, 0, i * 2);
            Assert.Equal((AppendStatus.Duplicate, i * 2L), (retried.Status, retried.BaseOffset));
        }

        Assert.Equal(AppendStatus.Appended, Append(again, 0, 40).Status);
    }

    /// <summary>Crash seed 1667706: the index file tells of an abort whose marker was cut, and a commit has taken its place.</summary>
    [Fact]
    public async Task An_abort_that_was_cut_does_not_hide_what_is_committed_in_its_place()
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        using (var rig = new StorageRig(device))
        {
            rig.Log.Append(TestBatches.Build(2, 1, producerId: 7, producerEpoch: 0, baseSequence: 0, transactional: true), AppendOrigin.Client);
            rig.Log.Append(TestBatches.Marker(7, 0, commit: false), AppendOrigin.Internal);
            await rig.Log.CloseAsync();
        }

        using (var rig = new StorageRig(device, clean: true))
        {
            rig.Log.TruncateTo(2);
            rig.Log.Append(TestBatches.Marker(7, 0, commit: true), AppendOrigin.Internal);
            rig.Log.Commit();
        }

        using var again = new StorageRig(device);
        ReadResult read = again.Log.Read(0, 4096, ReadIsolation.Committed, atLeastOneBatch: true);
        read.Records.Dispose();
        Assert.Equal((3, 0), (read.LastStableOffset, read.AbortedTransactions.Length));
    }

    [Fact]
    public async Task All_five_batches_survive_a_clean_close_within_a_segment()
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        using (var rig = new StorageRig(device))
        {
            for (int i = 0; i < 9; i++)
            {
                Append(rig, 0, i * 2);
            }

            await rig.Log.CloseAsync();
        }

        using var again = new StorageRig(device);
        for (int i = 4; i < 9; i++)
        {
            AppendResult retried = Append(again, 0, i * 2);
            Assert.Equal((AppendStatus.Duplicate, i * 2L), (retried.Status, retried.BaseOffset));
        }
    }

    [Fact]
    public void All_five_batches_survive_a_restart_over_many_segments()
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        using (var rig = new StorageRig(device))
        {
            for (int i = 0; i < 9; i++)
            {
                Append(rig, 0, i * 2);
                rig.Log.Roll();
                rig.Log.Commit();
            }
        }

        using var again = new StorageRig(device.Crash(1));
        for (int i = 4; i < 9; i++)
        {
            AppendResult retried = Append(again, 0, i * 2);
            Assert.Equal((AppendStatus.Duplicate, i * 2L), (retried.Status, retried.BaseOffset));
        }
    }

    [Fact]
    public void A_log_start_inside_a_batch_does_not_forget_its_producer()
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        using (var rig = new StorageRig(device))
        {
            Append(rig.Log, TestBatches.Build(2, 0, producerId: 1, producerEpoch: 0, baseSequence: 0, transactional: true));
            Append(rig, 0, 0);
            rig.Log.Commit();
            rig.Log.AdvanceLogStart(1);
        }

        foreach (string name in device.ListFiles(StorageRig.Directory).Where(static n => n.EndsWith(".snapshot", StringComparison.Ordinal)))
        {
            device.Delete($"{StorageRig.Directory}/{name}");
        }

        using var again = new StorageRig(device);
        Assert.Equal((1L, 1L, 4L), (again.Log.LogStartOffset, again.Log.LastStableOffset, again.Log.HighWatermark));
    }

    [Fact]
    public void Aborts_are_listed_after_a_power_cut_between_the_checkpoint_of_a_roll_and_the_seal()
    {
        int cuts = 0;
        var device = new SimulatedStorageDevice(StorageRig.Root);
        using var rig = new StorageRig(device);
        Append(rig.Log, TestBatches.Build(2, 0, producerId: 1, producerEpoch: 0, baseSequence: 0, transactional: true));
        rig.Log.Append(TestBatches.Marker(1, 0, commit: false), AppendOrigin.Internal);
        rig.Log.Commit();
        Append(rig.Log, TestBatches.Build(1, 4));
        rig.Log.Roll();
        device.Boundary = d =>
        {
            for (int seed = 0; seed < 4; seed++)
            {
                cuts++;
                using var again = new StorageRig(d.Crash(seed));
                ReadResult result = again.Log.Read(0, 10_000, ReadIsolation.Committed, true);
                result.Records.Dispose();
                Assert.Equal([new AbortedTransaction(1, 0)], result.AbortedTransactions);
            }
        };
        rig.Log.Commit();
        device.Boundary = null;
        Assert.True(cuts > 40);
    }

    [Fact]
    public void An_idle_producer_is_forgotten()
    {
        using var rig = new StorageRig(options: new LogOptions { ProducerExpirationMs = 1000 });
        Assert.Equal(AppendStatus.Appended, Append(rig, 0, 0).Status);
        rig.Log.Maintain(rig.Time.GetUtcNow().AddMilliseconds(999));
        Assert.Equal(AppendStatus.OutOfOrderSequence, Append(rig, 0, 77).Status);
        rig.Log.Maintain(rig.Time.GetUtcNow().AddMilliseconds(1000));
        Assert.Equal(AppendStatus.Appended, Append(rig, 0, 77).Status);
    }

    [Fact]
    public void A_snapshot_is_what_Kafka_writes()
    {
        // producer 5, epoch 28, last sequence 15 at offset 1163 of 16 records, coordinator epoch 0, a transaction open since 1148
        byte[] kafka = Convert.FromHexString(
            "00012c674e2900000001" + "0000000000000005001c0000000f000000000000048b0000000f000001a205a447b600000000000000000000047c");
        ProducerStateTable table = Assert.IsType<ProducerStateTable>(ProducerSnapshot.TryParse(kafka));
        ProducerEntry entry = Assert.Single(table.Entries);
        Assert.Equal((5L, (short)28, 15, 1148L), (entry.ProducerId, entry.Epoch, entry.LastSequence, entry.TransactionFirstOffset));
        Assert.Equal(new ProducerBatch(0, 15, 1148, 1163), entry.LastBatch);
        Assert.Equal(kafka, ProducerSnapshot.ToBytes(table));
        for (int bit = 0; bit < kafka.Length * 8; bit++)
        {
            byte[] damaged = [.. kafka];
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Null(ProducerSnapshot.TryParse(damaged));
        }
    }

    [Fact]
    public void Transactions_hold_the_last_stable_offset_and_aborts_are_listed()
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        using (var rig = new StorageRig(device))
        {
            Append(rig.Log, TestBatches.Build(2, 0, producerId: 1, producerEpoch: 0, baseSequence: 0, transactional: true));
            Append(rig.Log, TestBatches.Build(2, 2, producerId: 2, producerEpoch: 0, baseSequence: 0, transactional: true));
            Append(rig.Log, TestBatches.Build(1, 4));
            rig.Log.Commit();
            Assert.Equal((0L, 5L), (rig.Log.LastStableOffset, rig.Log.HighWatermark));
            Assert.Equal(AppendStatus.InvalidTransactionState,
                rig.Log.Append(TestBatches.Build(1, 9, producerId: 1, producerEpoch: 0, baseSequence: 2), AppendOrigin.Client).Status);
            rig.Log.Append(TestBatches.Marker(1, 0, commit: false), AppendOrigin.Internal);
            Assert.Equal(0, rig.Log.LastStableOffset);
            rig.Log.Commit();
            Assert.Equal(2, rig.Log.LastStableOffset);
            rig.Log.Append(TestBatches.Marker(2, 0, commit: true), AppendOrigin.Internal);
            rig.Log.Commit();
            Assert.Equal(7, rig.Log.LastStableOffset);
            CheckAborted(rig.Log);
        }

        using var again = new StorageRig(device.Crash(1));
        Assert.Equal(7, again.Log.LastStableOffset);
        CheckAborted(again.Log);
    }

    private static void CheckAborted(PartitionLog log)
    {
        ReadResult result = log.Read(0, 10_000, ReadIsolation.Committed, true);
        result.Records.Dispose();
        Assert.Equal([new AbortedTransaction(1, 0)], result.AbortedTransactions);
        ReadResult later = log.Read(6, 10_000, ReadIsolation.Committed, true);
        later.Records.Dispose();
        Assert.Empty(later.AbortedTransactions);
    }

    private static void Append(PartitionLog log, byte[] batch) => Assert.Equal(AppendStatus.Appended, log.Append(batch, AppendOrigin.Client).Status);

    private static AppendResult Append(StorageRig rig, short epoch, int sequence) => rig.Log.Append(
        TestBatches.Build(2, sequence, producerId: 9, producerEpoch: epoch, baseSequence: sequence), AppendOrigin.Client);
}
