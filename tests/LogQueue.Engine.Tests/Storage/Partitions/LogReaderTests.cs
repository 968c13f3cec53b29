using LogQueue.Records;
using LogQueue.Storage;
using LogQueue.Storage.Files;
using LogQueue.Storage.Partitions;
using LogQueue.Storage.Segments;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Partitions;

/// <summary>Reads beside a cleaner or a retention that takes segments away, up to an open transaction, and of bytes that rot meanwhile.</summary>
public sealed class LogReaderTests : IDisposable
{
    private const long Start = TestBatches.StartMs;
    private static readonly LogOptions Large = DamageRig.Options with { SegmentBytes = 1 << 30 };

    private readonly SimulatedStorageDevice _device = new(StorageRig.Root);
    private readonly LeaseBudget _budget = new(10);
    private readonly SegmentList _segments = new();
    private readonly LogOffsets _offsets = new();
    private readonly List<LogSegment> _all = [];

    public void Dispose()
    {
        _all.ForEach(static s => s.Close());
        Assert.Equal(0, _device.OpenFiles);
    }

    [Fact]
    public void A_segment_that_went_is_read_from_the_one_in_its_place()
    {
        LogReader reader = TwoSegmentsWithAGap();
        OnFirstRead(0, () =>
        {
            _segments.Active.Close();
            Assert.True(_segments.TryReplace([_segments.Active], Segment(11, 8, (12, Start + 7))));
        });

        ReadResult read = reader.Read(9, 1000, ReadIsolation.LogEnd, atLeastOneBatch: true);

        Assert.Equal([(12L, Start + 7)], Records(read));
    }

    [Fact]
    public void A_segment_that_went_with_the_log_start_is_out_of_range()
    {
        LogReader reader = TwoSegmentsWithAGap();
        OnFirstRead(0, () =>
        {
            _segments.Add(Segment(16, 8, (16, Start)));
            Array.ForEach(_segments.TakeFirst(2), static s => s.Close());
            _offsets.Set(16, 16, 20, 20);
        });

        ReadResult read = reader.Read(9, 1000, ReadIsolation.LogEnd, atLeastOneBatch: true);

        Assert.Equal((ReadStatus.OffsetOutOfRange, 16L), (read.Status, read.LogStartOffset));
    }

    [Fact]
    public void A_segment_that_was_closed_without_another_in_its_place_is_out_of_range()
    {
        LogReader reader = TwoSegmentsWithAGap();
        _segments.Active.Close();
        Assert.Equal(ReadStatus.OffsetOutOfRange, reader.Read(12, 1000, ReadIsolation.LogEnd, atLeastOneBatch: true).Status);
        Assert.Null(reader.FindOffset(Start + 60));
        Assert.Equal((Start + 50, 0L), Value(reader.FindMaxTimestamp()));
    }

    [Fact]
    public void A_batch_that_does_not_fit_is_not_given_unless_one_must_be()
    {
        LogReader reader = TwoSegmentsWithAGap();
        ReadResult nothing = reader.Read(0, 10, ReadIsolation.LogEnd, atLeastOneBatch: false);
        Assert.Equal((ReadStatus.Ok, true), (nothing.Status, nothing.Records.IsEmpty));
        Assert.Equal([(0L, Start + 50)], Records(reader.Read(0, 10, ReadIsolation.LogEnd, atLeastOneBatch: true))[..1]);
    }

    [Fact]
    public void A_time_is_looked_up_in_the_segment_that_took_the_place_of_another()
    {
        LogReader reader = TwoSegmentsWithAGap();
        _offsets.Set(4, 20, 20, 20); // the first segment's latest record was deleted
        OnFirstRead(0, () =>
        {
            _segments.Active.Close();
            Assert.True(_segments.TryReplace([_segments.Active], Segment(11, 8, (12, Start + 61))));
        });
        Assert.Equal((Start + 61, 12L), Value(reader.FindOffset(Start + 45)));
    }

    [Fact]
    public void The_latest_time_is_looked_up_in_the_segment_that_took_the_place_of_another()
    {
        LogReader reader = TwoSegmentsWithAGap();
        OnFirstRead(0, () =>
        {
            _segments.Active.Close();
            Assert.True(_segments.TryReplace([_segments.Active], Segment(11, 8, (12, Start + 61))));
        });
        Assert.Equal((Start + 61, 12L), Value(reader.FindMaxTimestamp()));
    }

    [Fact]
    public void A_segment_that_goes_while_its_latest_record_is_looked_for_has_none()
    {
        LogReader reader = TwoSegmentsWithAGap();
        _offsets.Set(4, 20, 20, 20);
        LogSegment first = _segments.Snapshot[0];
        OnFirstRead(0, first.Close);
        Assert.Equal((Start + 60, 12L), Value(reader.FindMaxTimestamp()));
        Assert.False(first.Log.TryAcquire());
    }

    [Fact]
    public void A_time_within_a_batch_is_looked_up_past_the_deleted_records_of_it()
    {
        using var rig = new StorageRig();
        rig.Log.Append(Timed(Start + 100, Start + 50), AppendOrigin.Client);
        rig.Log.Append(Timed(Start + 90, Start + 20), AppendOrigin.Client);
        rig.Log.Commit();
        Assert.Equal((Start + 100, 0L), Value(rig.Log.FindOffset(Start + 80)));
        rig.Log.AdvanceLogStart(1);
        Assert.Equal((Start + 90, 2L), Value(rig.Log.FindOffset(Start + 80)));
        Assert.Equal((Start + 90, 2L), Value(rig.Log.FindMaxTimestamp()));
        rig.Log.AdvanceLogStart(3);
        Assert.Null(rig.Log.FindOffset(Start + 80));
        Assert.Equal((Start + 20, 3L), Value(rig.Log.FindMaxTimestamp()));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_time_is_never_taken_from_a_batch_that_rotted_after_it_was_checked(bool isCut)
    {
        using var rig = new StorageRig(_device);
        rig.Log.Append(Timed(Start), AppendOrigin.Client);
        rig.Log.Append(Timed(Start + 90), AppendOrigin.Client);
        rig.Log.Commit();
        string path = DamageRig.Logs(_device)[0];
        if (isCut)
        {
            using IStorageFile file = _device.Open(path, StorageOpenMode.ReadWrite);
            file.Truncate(rig.Log.SizeBytes - 1);
        }
        else
        {
            _device.FlipBit(path, (rig.Log.SizeBytes - 4) * 8); // in the value: the record itself still looks well
        }

        Assert.Null(rig.Log.FindOffset(Start + 1));
        Assert.Equal((Start, 0L), Value(rig.Log.FindOffset(Start)));
        Assert.Equal((Start, 0L), Value(rig.Log.FindMaxTimestamp()));
    }

    [Fact]
    public async Task Damage_before_the_log_start_does_not_hide_the_latest_record()
    {
        SimulatedStorageDevice device = DamageRig.Closed(Large, batches: 600);
        string path = DamageRig.Logs(device)[0];
        (long From, long To) second = DamageRig.BatchAt(device.Content(path), 100_000);
        long end;
        using (var rig = new StorageRig(device, Large))
        {
            rig.Log.AdvanceLogStart(second.To);
            end = rig.Log.LogEndOffset;
            rig.Log.Append(Timed(Start + 1_000_000, Start + 1), AppendOrigin.Client); // the largest time is deleted below
            rig.Log.Commit();
            rig.Log.AdvanceLogStart(end + 1);
            await rig.Log.CloseAsync();
        }

        device.FlipBit(path, 1000 * 8);
        using var again = new StorageRig(device, Large);
        Assert.Equal((Start + 1, end + 1), Value(again.Log.FindMaxTimestamp()));
        Assert.Empty(again.Log.Damage); // of records that were deleted
        Assert.Equal([(end + 1, Start + 1)], StorageRig.ReadAll(again.Log, end + 1).Select(static r => (r.Offset, r.TimestampMs)));
    }

    [Theory]
    [InlineData(0)] // in the first batch of the open transaction, up to which committed records are read
    [InlineData(1)] // in the batch behind it
    public async Task Committed_records_are_read_up_to_an_open_transaction_though_damage_is_in_it_or_behind_it(int behind)
    {
        long stable;
        using (var rig = new StorageRig(_device, Large))
        {
            DamageRig.Fill(rig, 40);
            stable = rig.Log.LogEndOffset;
            rig.Log.Append(TestBatches.Build(3, stable, Start + stable, producerId: 1, producerEpoch: 0, baseSequence: 0, transactional: true),
                AppendOrigin.Client);
            DamageRig.Fill(rig, 40);
            await rig.Log.CloseAsync();
        }

        string path = DamageRig.Logs(_device)[0];
        byte[] log = _device.Content(path);
        int at = 0;
        for (long offset = 0; offset < stable + (behind * 3);)
        {
            var batch = new RecordBatchView(log.AsSpan(at));
            offset = batch.NextOffset;
            at += (int)batch.SizeBytes;
        }

        _device.FlipBit(path, (at + RecordBatchLayout.HeaderBytes) * 8L);
        for (int round = 0; round < 2; round++) // the second time the damage is known
        {
            using var rig = new StorageRig(_device, Large);
            Assert.Equal(stable, rig.Log.LastStableOffset);
            Assert.Equal(Enumerable.Range(0, (int)stable).Select(static i => (long)i),
                StorageRig.ReadAll(rig.Log, 0, ReadIsolation.Committed, 1 << 20).Select(static r => r.Offset));
            (long From, long To) lost = Assert.Single(DamageRig.Survey(rig.Log));
            Assert.Equal(DamageRig.BatchAt(log, at), lost);
            Assert.Equal(stable, StorageRig.ReadAll(rig.Log, 0, ReadIsolation.Committed, 1 << 20).Count);
        }
    }

    /// <summary>Offsets 0 and 4, then nothing up to 11, where a segment with 12 and 16 begins; the first record has a late time.</summary>
    private LogReader TwoSegmentsWithAGap()
    {
        _segments.Add(Segment(0, 1, (0, Start + 50), (4, Start + 40)));
        _segments.Add(Segment(11, 1, (12, Start + 60), (16, Start + 1)));
        _offsets.Set(0, 20, 20, 20);
        var context = new PartitionLogContext
        {
            Device = _device,
            TimeProvider = TimeProvider.System,
            Fence = new DirectoryFence(),
            CommitLog = new InlineCommitLog(),
        };
        return new LogReader(_segments, _offsets, new LeaderEpochCheckpoint(), new Quarantine(context, StorageRig.Root, _segments, _offsets, []));
    }

    private LogSegment Segment(long baseOffset, int suffix, params (long Offset, long TimestampMs)[] records)
    {
        string directory = $"{StorageRig.Root}/{suffix}";
        if (!_device.DirectoryExists(directory))
        {
            _device.CreateDirectory(directory);
        }

        byte[] bytes = [.. records.SelectMany(static r =>
        {
            byte[] batch = TestBatches.Build(1, r.Offset, r.TimestampMs);
            RecordBatchStamp.Stamp(batch, r.Offset, 0);
            return batch;
        })];
        _device.ReplaceDurably(SegmentFileName.PathOf(directory, baseOffset, SegmentFileName.Log), bytes);
        LogSegment segment = LogSegment.Open(_device, directory, baseOffset, _budget, _budget, writable: false);
        (long latest, long time) = records.MaxBy(static r => r.TimestampMs);
        segment.Adopt(records[^1].Offset + 1, bytes.Length, time, latest, records[0].TimestampMs);
        _all.Add(segment);
        return segment;
    }

    private void OnFirstRead(long baseOffset, Action action)
    {
        string name = SegmentFileName.PathOf("", baseOffset, SegmentFileName.Log);
        bool done = false;
        _device.Fault = o =>
        {
            if (!done && o.Kind == "read" && o.Path.EndsWith(name, StringComparison.Ordinal))
            {
                done = true;
                action();
            }

            return null;
        };
    }

    private static byte[] Timed(params long[] timestamps)
    {
        using var builder = new RecordBatchBuilder(new RecordBatchBuilderOptions { Compression = CompressionType.None });
        Array.ForEach(timestamps, t => builder.TryAppend(t, "k"u8.ToArray(), "a value"u8.ToArray()));
        return builder.Build().ToArray();
    }

    private static (long TimestampMs, long Offset) Value(TimestampOffset? found) => (found!.Value.TimestampMs, found.Value.Offset);

    private static List<(long Offset, long TimestampMs)> Records(ReadResult read)
    {
        byte[] bytes = new byte[read.Records.LengthBytes];
        read.Records.CopyTo(bytes);
        read.Records.Dispose();
        List<SeenRecord> seen = [];
        StorageRig.Decode(bytes, 0, seen);
        return [.. seen.Select(static r => (r.Offset, r.TimestampMs))];
    }
}
