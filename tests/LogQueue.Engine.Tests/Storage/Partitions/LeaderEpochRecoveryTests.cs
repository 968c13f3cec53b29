using LogQueue.Records;
using LogQueue.Storage.Files;
using LogQueue.Storage.Partitions;
using LogQueue.Storage.Segments;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Partitions;

/// <summary>The epoch file against batches of four records: it is believed when they agree, and made again when they do not.</summary>
public sealed class LeaderEpochRecoveryTests : IDisposable
{
    private readonly SimulatedStorageDevice _device = new(StorageRig.Root);
    private readonly LeaseBudget _budget = new(10);
    private readonly SegmentList _segments = new();

    public void Dispose()
    {
        foreach (LogSegment segment in _segments.Snapshot)
        {
            segment.Close();
        }

        Assert.Equal(0, _device.OpenFiles);
    }

    [Fact]
    public void Epochs_that_begin_where_the_file_says_are_right()
    {
        Segment(0, 0, 0, 3);
        Segment(12, 3, 5);
        Assert.True(LeaderEpochRecovery.IsRight(Epochs((0, 0), (3, 8), (5, 16)), _segments, isOurs: false));
    }

    [Theory]
    [InlineData(3, 9)] // in the middle of a batch
    [InlineData(4, 8)] // another epoch than the batch has
    [InlineData(3, 12)] // behind a batch of the same epoch
    public void An_epoch_that_begins_elsewhere_is_wrong(int epoch, long start)
    {
        Segment(0, 0, 0, 3, 3);
        Assert.True(LeaderEpochRecovery.IsRight(Epochs((0, 0), (3, 8)), _segments, isOurs: false));
        Assert.False(LeaderEpochRecovery.IsRight(Epochs((0, 0), (epoch, start)), _segments, isOurs: false));
    }

    [Fact]
    public void A_file_that_lacks_the_last_epoch_is_wrong_and_one_of_an_empty_log_is_right()
    {
        Segment(0, 0, 3);
        Assert.False(LeaderEpochRecovery.IsRight(Epochs((0, 0)), _segments, isOurs: false));
        Assert.True(LeaderEpochRecovery.IsRight(Epochs((0, 0)), _segments, isOurs: true)); // the last batch lies, not the file
        var empty = new SegmentList();
        Assert.True(LeaderEpochRecovery.IsRight(Epochs((0, 0)), empty, isOurs: false));
        Assert.True(LeaderEpochRecovery.IsRight(Epochs((0, 0), (3, 4), (7, 8)), empty, isOurs: false));
    }

    [Fact]
    public void A_rebuild_finds_each_epoch_and_takes_one_above_its_followers_for_damage()
    {
        Segment(0, 0, 9, 3);
        Segment(12, 3, 5);
        Assert.Equal([(0, 0), (3, 8), (5, 16)], LeaderEpochRecovery.Rebuild(_segments).Entries);
    }

    [Theory]
    [InlineData(RecordBatchLayout.BaseOffsetPosition)] // a negative offset: below what is expected
    [InlineData(RecordBatchLayout.LastOffsetDeltaPosition)] // a negative number of records
    [InlineData(RecordBatchLayout.BatchLengthPosition)] // a negative length
    public void A_rebuild_asks_nothing_of_a_segment_behind_a_header_that_cannot_be(int position)
    {
        int batchBytes = Segment(0, 0, 1, 2);
        using (IStorageFile file = _device.Open(SegmentFileName.PathOf(StorageRig.Root, 0, SegmentFileName.Log), StorageOpenMode.ReadWrite))
        {
            file.Write(batchBytes + position, [0xff]);
        }

        Segment(12, 3);
        Assert.Equal([(0, 0), (3, 12)], LeaderEpochRecovery.Rebuild(_segments).Entries);
    }

    [Fact]
    public void An_empty_file_and_one_of_an_empty_directory_are_held_against_nothing()
    {
        List<long> bases = [0];
        Assert.Null(LeaderEpochRecovery.TryLoad(_device, StorageRig.Root, bases));
        Save("0\n0\n");
        Assert.Equal(0, LeaderEpochRecovery.TryLoad(_device, StorageRig.Root, bases)?.Count);
        Save("0\n1\n4 0\n");
        Assert.Equal(4, LeaderEpochRecovery.TryLoad(_device, StorageRig.Root, [])?.Latest);
    }

    [Fact]
    public void A_first_epoch_that_the_first_batch_does_not_have_is_not_believed()
    {
        Segment(0, 4);
        Save("0\n1\n4 0\n");
        Assert.Equal(4, LeaderEpochRecovery.TryLoad(_device, StorageRig.Root, [0])?.Latest);
        Save("0\n1\n5 0\n");
        Assert.Null(LeaderEpochRecovery.TryLoad(_device, StorageRig.Root, [0]));
    }

    private static LeaderEpochCheckpoint Epochs(params (int Epoch, long Start)[] entries)
    {
        var epochs = new LeaderEpochCheckpoint();
        Array.ForEach(entries, e => Assert.True(epochs.TryAdd(e.Epoch, e.Start)));
        return epochs;
    }

    private void Save(string text) =>
        _device.ReplaceDurably($"{StorageRig.Root}/{LeaderEpochCheckpoint.FileName}", System.Text.Encoding.ASCII.GetBytes(text));

    /// <summary>Writes a segment with a batch for each epoch; returns the size of one batch.</summary>
    private int Segment(long baseOffset, params int[] epochs)
    {
        byte[][] batches = [.. epochs.Select((epoch, i) =>
        {
            byte[] batch = TestBatches.Build(4, baseOffset + (i * 4));
            RecordBatchStamp.Stamp(batch, baseOffset + (i * 4), epoch);
            return batch;
        })];
        byte[] bytes = [.. batches.SelectMany(static b => b)];
        _device.ReplaceDurably(SegmentFileName.PathOf(StorageRig.Root, baseOffset, SegmentFileName.Log), bytes);
        LogSegment segment = LogSegment.Open(_device, StorageRig.Root, baseOffset, _budget, _budget, writable: false);
        segment.Publish(baseOffset + (4 * epochs.Length), bytes.Length);
        _segments.Add(segment);
        return batches[0].Length;
    }
}
