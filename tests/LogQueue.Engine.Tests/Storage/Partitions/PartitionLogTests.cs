using LogQueue.Records;
using LogQueue.Storage;
using LogQueue.Storage.Files;
using LogQueue.Storage.Partitions;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Partitions;

public sealed class PartitionLogTests
{
    private static readonly LogOptions Small = new() { SegmentBytes = 2000, IndexIntervalBytes = 300, PreallocateFirstBytes = 512, PreallocateStepBytes = 1024 };

    [Fact]
    public void What_is_appended_is_read_from_any_offset()
    {
        using var rig = new StorageRig(options: Small);
        List<SeenRecord> expected = Fill(rig.Log, 60);
        rig.Log.Commit();
        Assert.True(rig.Log.SegmentCount > 3);
        for (int from = 0; from <= expected.Count; from++)
        {
            Assert.Equal(expected.Skip(from), StorageRig.ReadAll(rig.Log, from, ReadIsolation.Uncommitted, maxBytes: 700));
        }
    }

    [Fact]
    public void Readers_see_only_what_is_durable()
    {
        using var rig = new StorageRig();
        Assert.Equal(AppendStatus.Appended, rig.Log.Append(TestBatches.Build(3, 0), AppendOrigin.Client).Status);
        Assert.Equal(0, rig.Log.HighWatermark);
        Assert.True(rig.Log.Read(0, 1000, ReadIsolation.Uncommitted, true).Records.IsEmpty);
        int advanced = 0;
        rig.Log.HighWatermarkAdvanced = () => advanced++;
        rig.Log.Commit();
        Assert.Equal(3, rig.Log.HighWatermark);
        Assert.Equal(1, advanced);
        Assert.Equal(3, StorageRig.ReadAll(rig.Log, 0, ReadIsolation.Uncommitted).Count);
        Assert.Equal(AppendStatus.Appended, rig.Log.Append(TestBatches.Build(2, 3), AppendOrigin.Client).Status);
        Assert.Equal(3, StorageRig.ReadAll(rig.Log, 0, ReadIsolation.Uncommitted).Count);
        Assert.Equal(5, StorageRig.ReadAll(rig.Log, 0, ReadIsolation.LogEnd).Count);
    }

    [Fact]
    public void Without_durable_publishing_readers_see_the_write()
    {
        using var rig = new StorageRig(publishDurableOnly: false);
        rig.Log.Append(TestBatches.Build(3, 0), AppendOrigin.Client);
        Assert.Equal(3, rig.Log.HighWatermark);
        Assert.Equal(0, rig.Log.RecoveryPoint);
    }

    [Fact]
    public async Task Waiting_for_durability_ends_with_the_commit()
    {
        using var rig = new StorageRig();
        AppendResult appended = rig.Log.Append(TestBatches.Build(3, 0), AppendOrigin.Client);
        await rig.Log.WaitUntilDurableAsync(appended.NextOffset, CancellationToken.None).AsTask().WaitAsync(TimeSpan.FromSeconds(5));
        Assert.Equal(3, rig.Log.RecoveryPoint);
    }

    [Fact]
    public void A_read_gives_whole_batches_within_the_bytes_or_one_batch()
    {
        using var rig = new StorageRig();
        byte[] batch = TestBatches.Build(4, 0);
        for (int i = 0; i < 10; i++)
        {
            rig.Log.Append(TestBatches.Build(4, i * 4), AppendOrigin.Client);
        }

        rig.Log.Commit();
        Assert.Equal(batch.Length * 3, Length(rig.Log.Read(0, (batch.Length * 4) - 1, ReadIsolation.Uncommitted, true)));
        Assert.Equal(batch.Length, Length(rig.Log.Read(9, 1, ReadIsolation.Uncommitted, true)));
        Assert.True(rig.Log.Read(9, 1, ReadIsolation.Uncommitted, false).Records.IsEmpty);
        Assert.Equal(ReadStatus.OffsetOutOfRange, rig.Log.Read(41, 1, ReadIsolation.Uncommitted, true).Status);
        Assert.Equal(ReadStatus.OffsetOutOfRange, rig.Log.Read(-1, 1, ReadIsolation.Uncommitted, true).Status);
        Assert.Equal(ReadStatus.Ok, rig.Log.Read(40, 1, ReadIsolation.Uncommitted, true).Status);
    }

    [Fact]
    public void Bad_batches_are_refused_and_change_nothing()
    {
        using var rig = new StorageRig(options: new LogOptions { MaxMessageBytes = 5000 });
        byte[] flipped = TestBatches.Build(3, 0);
        flipped[^1] ^= 1;
        Assert.Equal(AppendStatus.CorruptBatch, rig.Log.Append(flipped, AppendOrigin.Client).Status);
        Assert.Equal(AppendStatus.CorruptBatch, rig.Log.Append(TestBatches.Build(3, 0).AsSpan()[..^1], AppendOrigin.Client).Status);
        Assert.Equal(AppendStatus.TooLarge, rig.Log.Append(TestBatches.Build(1, 0, valueBytes: 6000), AppendOrigin.Client).Status);
        Assert.Equal(AppendStatus.InvalidRecord, rig.Log.Append(TestBatches.Marker(1, 0, true), AppendOrigin.Client).Status);
        Assert.Equal(AppendStatus.InvalidRecord, rig.Log.Append([], AppendOrigin.Client).Status);
        byte[] future = TestBatches.Build(1, 0, TestBatches.StartMs + (2 * 3600 * 1000));
        Assert.Equal(AppendStatus.InvalidTimestamp, rig.Log.Append(future, AppendOrigin.Client).Status);
        Assert.Equal(0, rig.Log.LogEndOffset);
        Assert.Equal(0, rig.Log.SizeBytes);
    }

    [Fact]
    public void Log_append_time_is_stamped_into_every_batch()
    {
        using var rig = new StorageRig(options: new LogOptions { TimestampType = TimestampType.LogAppendTime });
        rig.Time.Advance(TimeSpan.FromMinutes(5));
        AppendResult result = rig.Log.Append(TestBatches.Build(3, 0, timestampMs: 5), AppendOrigin.Client);
        Assert.Equal(TestBatches.StartMs + 300_000, result.LogAppendTimeMs);
        Assert.All(StorageRig.ReadAll(rig.Log, 0), r => Assert.Equal(result.LogAppendTimeMs, r.TimestampMs));
    }

    [Fact]
    public void A_time_finds_the_first_record_at_or_after_it()
    {
        using var rig = new StorageRig(options: Small);
        List<SeenRecord> all = Fill(rig.Log, 60);
        rig.Log.Commit();
        foreach (SeenRecord record in all)
        {
            SeenRecord first = all.First(r => r.TimestampMs >= record.TimestampMs);
            Assert.Equal(first.Offset, rig.Log.FindOffset(record.TimestampMs)!.Value.Offset);
        }

        Assert.Null(rig.Log.FindOffset(all.Max(static r => r.TimestampMs) + 1));
        Assert.Equal(all.MaxBy(static r => r.TimestampMs).Offset, rig.Log.FindMaxTimestamp()!.Value.Offset);
    }

    [Fact]
    public async Task A_closed_log_opens_with_nothing_to_scan_but_the_last_index_interval()
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        List<SeenRecord> expected;
        using (var rig = new StorageRig(device, Small))
        {
            expected = Fill(rig.Log, 60);
            await rig.Log.CloseAsync();
        }

        Assert.Equal(0, device.OpenFiles);
        using var again = new StorageRig(device, Small, clean: true);
        Assert.Equal(expected, StorageRig.ReadAll(again.Log, 0, ReadIsolation.Uncommitted));
        Assert.Equal(0, again.Log.Recovery.CutBytes);
        Assert.Empty(again.Log.Recovery.Damage);
        Assert.InRange(again.Log.Recovery.ScannedBytes, 0, 700);
        Assert.Equal(AppendStatus.Appended, again.Log.Append(TestBatches.Build(1, 999), AppendOrigin.Client).Status);
    }

    [Fact]
    public void Retention_by_time_and_size_removes_whole_old_segments()
    {
        using var rig = new StorageRig(options: Small with { RetentionMs = 60_000 });
        Fill(rig.Log, 60);
        rig.Log.Commit();
        int segments = rig.Log.SegmentCount;
        Assert.Equal(0, rig.Log.Retain(rig.Time.GetUtcNow()));
        rig.Log.Reconfigure(Small with { RetentionBytes = 4000 });
        int removed = rig.Log.Retain(rig.Time.GetUtcNow());
        Assert.InRange(removed, 1, segments - 2);
        Assert.InRange(rig.Log.SizeBytes, 4000, 6000);
        Assert.Equal(ReadStatus.OffsetOutOfRange, rig.Log.Read(0, 100, ReadIsolation.Uncommitted, true).Status);
        Assert.Equal(rig.Log.LogStartOffset, StorageRig.ReadAll(rig.Log, rig.Log.LogStartOffset)[0].Offset);
        rig.Log.Reconfigure(Small with { RetentionMs = 60_000 });
        Assert.NotEqual(0, rig.Log.Retain(rig.Time.GetUtcNow().AddDays(1)));
        Assert.Equal(rig.Log.LogEndOffset, rig.Log.LogStartOffset);
        Assert.Equal(0, rig.Log.SizeBytes);
    }

    [Fact]
    public void A_lease_keeps_its_bytes_when_retention_deletes_the_segment()
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        using var rig = new StorageRig(device, Small);
        Fill(rig.Log, 60);
        rig.Log.Commit();
        ReadResult lease = rig.Log.Read(0, 500, ReadIsolation.Uncommitted, true);
        rig.Log.AdvanceLogStart(rig.Log.HighWatermark);
        Assert.True(device.FileExists(SegmentFileName.PathOf(StorageRig.Directory, 0, ".log")));
        byte[] bytes = new byte[lease.Records.LengthBytes];
        lease.Records.CopyTo(bytes);
        Assert.NotEqual(0, StorageRig.Decode(bytes, 0, []));
        lease.Records.Dispose();
        lease.Records.Dispose();
        Assert.False(device.FileExists(SegmentFileName.PathOf(StorageRig.Directory, 0, ".log")));
    }

    [Fact]
    public void The_log_start_is_durable_when_it_was_moved()
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        using var rig = new StorageRig(device, Small);
        List<SeenRecord> all = Fill(rig.Log, 30);
        rig.Log.AdvanceLogStart(0);
        rig.Log.Commit();
        rig.Log.AdvanceLogStart(17);
        using var after = new StorageRig(device.Crash(1), Small);
        Assert.Equal(17, after.Log.LogStartOffset);
        Assert.Equal(all.Skip(17), StorageRig.ReadAll(after.Log, 17));
        Assert.Throws<ArgumentOutOfRangeException>(() => rig.Log.AdvanceLogStart(rig.Log.HighWatermark + 1));
    }

    [Fact]
    public void A_cut_log_goes_on_from_the_cut()
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        using var rig = new StorageRig(device, Small);
        List<SeenRecord> all = Fill(rig.Log, 40);
        rig.Log.Commit();
        rig.Log.TruncateTo(all[20].Offset);
        long end = rig.Log.LogEndOffset;
        Assert.InRange(end, 10, 20);
        Assert.Equal(all.Take((int)end), StorageRig.ReadAll(rig.Log, 0, ReadIsolation.Uncommitted));
        AppendResult appended = rig.Log.Append(TestBatches.Build(1, 777), AppendOrigin.Client);
        Assert.Equal(end, appended.BaseOffset);
        rig.Log.Commit();
        using var after = new StorageRig(device.Crash(3), Small);
        Assert.Equal(end + 1, after.Log.LogEndOffset);
    }

    [Fact]
    public void A_deleted_partition_leaves_no_file()
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        using var rig = new StorageRig(device, Small);
        Fill(rig.Log, 20);
        rig.Log.Commit();
        rig.Log.Delete();
        Assert.False(device.DirectoryExists(StorageRig.Directory));
        Assert.Equal(AppendStatus.Deleted, rig.Log.Append(TestBatches.Build(1, 0), AppendOrigin.Client).Status);
        Assert.Equal(ReadStatus.Offline, rig.Log.Read(0, 1, ReadIsolation.LogEnd, true).Status);
        Assert.Equal(0, device.OpenFiles);
    }

    private static int Length(ReadResult result)
    {
        using var records = result.Records;
        return records.LengthBytes;
    }

    private static List<SeenRecord> Fill(PartitionLog log, int batches)
    {
        var all = new List<SeenRecord>();
        var random = new Random(7);
        for (int i = 0; i < batches; i++)
        {
            int count = random.Next(1, 5);
            long tag = log.LogEndOffset;
            long timestamp = TestBatches.StartMs + random.Next(-3000, 3000);
            AppendResult result = log.Append(TestBatches.Build(count, tag, timestamp, random.Next(8, 60)), AppendOrigin.Client);
            Assert.Equal(AppendStatus.Appended, result.Status);
            Assert.Equal(tag, result.BaseOffset);
            for (int k = 0; k < count; k++)
            {
                all.Add(new SeenRecord(tag + k, timestamp + k, tag + k));
            }
        }

        return all;
    }

    [Fact]
    public async Task An_idle_log_holds_one_file()
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        using (var rig = new StorageRig(device))
        {
            rig.Log.Append(TestBatches.Build(1, 0), AppendOrigin.Client);
            rig.Log.Commit();
            await rig.Log.CloseAsync();
        }

        Assert.Equal(0, device.OpenFiles);
        using var again = new StorageRig(device, clean: true);
        Assert.Single(StorageRig.ReadAll(again.Log, 0));
        Assert.Equal(1, device.OpenFiles);
    }
}
