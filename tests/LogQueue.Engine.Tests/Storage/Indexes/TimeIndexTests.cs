using System.Buffers.Binary;
using LogQueue.Storage.Files;
using LogQueue.Storage.Indexes;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Indexes;

public sealed class TimeIndexTests
{
    private const string Path = "/data/00000000000000000000.timeindex";

    private readonly SimulatedStorageDevice _device = new("/data");

    [Fact]
    public void The_bytes_are_Kafkas_and_only_later_times_are_added()
    {
        using var index = new TimeIndex(_device, Path, 0, new LeaseBudget(2), new LeaseBudget(2));
        index.AppendIfLater(0x01a0c451f2a0, 0x32);
        index.AppendIfLater(0x01a0c451f2a0, 0x40);
        index.AppendIfLater(0x01a0c452bdc0, 0x4c);
        index.Flush(sync: true);
        Assert.Equal(Convert.FromHexString("000001a0c451f2a000000032" + "000001a0c452bdc00000004c"), _device.Content(Path));
    }

    [Fact]
    public void A_time_leads_to_an_offset_before_which_nothing_is_as_late()
    {
        using var index = new TimeIndex(_device, Path, 100, new LeaseBudget(2), new LeaseBudget(2));
        for (int i = 1; i <= 600; i++)
        {
            index.AppendIfLater(i * 1000, 100 + i);
        }

        Assert.Equal(100, index.FindOffsetBefore(500));
        Assert.Equal(100, index.FindOffsetBefore(1000));
        Assert.Equal(101, index.FindOffsetBefore(1001));
        Assert.Equal(399, index.FindOffsetBefore(300_000));
        Assert.Equal(700, index.FindOffsetBefore(long.MaxValue));
        index.TruncateToOffset(400);
        Assert.True(index.TryGetLast(out long timestamp, out long offset));
        Assert.Equal((299_000, 399), (timestamp, offset));
        index.AppendIfLater(299_000, 400);
        Assert.Equal(299, index.Count);
        index.Flush(sync: true);
        using var loaded = new TimeIndex(_device, Path, 100, new LeaseBudget(2), new LeaseBudget(2));
        Assert.False(loaded.TryLoad(399));
        Assert.Equal(0, loaded.Count);
    }

    [Theory]
    [InlineData(1000, 5)] // a time that stands still
    [InlineData(900, 5)] // a time that falls
    [InlineData(2000, 2)] // an offset that falls
    [InlineData(2000, -1)] // an offset before the segment
    [InlineData(2000, 10)] // past the segment
    public void Entries_that_do_not_rise_are_not_loaded(long timestampMs, int relativeOffset)
    {
        byte[] bytes = new byte[24];
        BinaryPrimitives.WriteInt64BigEndian(bytes, 1000);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(8), 3);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(12), timestampMs);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(20), relativeOffset);
        _device.ReplaceDurably(Path, bytes);
        using var index = new TimeIndex(_device, Path, 100, new LeaseBudget(2), new LeaseBudget(2));
        Assert.False(index.TryLoad(110));
        Assert.Equal((0, 100L), (index.Count, index.FindOffsetBefore(long.MaxValue)));
        Assert.False(index.TryGetLast(out _, out _));
        index.AppendIfLater(5, 101); // nothing of the old last time is left
        Assert.Equal(1, index.Count);
    }

    [Fact]
    public void A_first_entry_before_the_segment_is_not_loaded()
    {
        byte[] bytes = new byte[12];
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(8), -1);
        _device.ReplaceDurably(Path, bytes);
        using var index = new TimeIndex(_device, Path, 100, new LeaseBudget(2), new LeaseBudget(2));
        Assert.False(index.TryLoad(110));
    }

    [Fact]
    public void All_entries_may_be_dropped_and_earlier_times_added_then()
    {
        using var index = new TimeIndex(_device, Path, 100, new LeaseBudget(2), new LeaseBudget(2));
        Assert.Equal(100, index.FindOffsetBefore(long.MinValue));
        for (int i = 1; i <= 5; i++)
        {
            index.AppendIfLater(i * 1000, 100 + i);
        }

        index.TruncateToOffset(106);
        Assert.Equal(5, index.Count);
        index.TruncateToOffset(0);
        Assert.Equal(0, index.Count);
        index.AppendIfLater(-7, 101);
        Assert.True(index.TryGetLast(out long timestamp, out long offset));
        Assert.Equal((-7, 101), (timestamp, offset));
        Assert.Equal(100, index.FindOffsetBefore(long.MinValue));
        Assert.Equal(101, index.FindOffsetBefore(0));
    }

    [Fact]
    public void An_index_without_entries_is_loaded_as_such()
    {
        _device.Open(Path, StorageOpenMode.CreateNew).Dispose();
        using var index = new TimeIndex(_device, Path, 100, new LeaseBudget(2), new LeaseBudget(2));
        Assert.True(index.TryLoad(100));
        index.AppendIfLater(long.MinValue + 1, 100);
        Assert.Equal(1, index.Count);
    }
}
