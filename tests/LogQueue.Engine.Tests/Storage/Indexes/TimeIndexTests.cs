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
        using var index = new TimeIndex(_device, Path, 0, new LeaseBudget(2));
        index.AppendIfLater(0x01a0c451f2a0, 0x32);
        index.AppendIfLater(0x01a0c451f2a0, 0x40);
        index.AppendIfLater(0x01a0c452bdc0, 0x4c);
        index.Flush(sync: true);
        Assert.Equal(Convert.FromHexString("000001a0c451f2a000000032" + "000001a0c452bdc00000004c"), _device.Content(Path));
    }

    [Fact]
    public void A_time_leads_to_an_offset_before_which_nothing_is_as_late()
    {
        using var index = new TimeIndex(_device, Path, 100, new LeaseBudget(2));
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
        using var loaded = new TimeIndex(_device, Path, 100, new LeaseBudget(2));
        Assert.False(loaded.TryLoad(399));
        Assert.Equal(0, loaded.Count);
    }
}
