using System.Text;
using LogQueue.Storage;
using LogQueue.Storage.Files;
using LogQueue.Storage.Partitions;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Partitions;

public sealed class LeaderEpochCheckpointTests
{
    private readonly SimulatedStorageDevice _device = new("/data");

    [Fact]
    public void Epochs_rise_and_know_where_they_end()
    {
        var epochs = new LeaderEpochCheckpoint();
        Assert.Equal((-1, 0), (epochs.Latest, epochs.Count));
        Assert.False(epochs.TryAdd(-1, 0));
        Assert.True(epochs.TryAdd(2, 0));
        Assert.False(epochs.TryAdd(2, 5));
        Assert.False(epochs.TryAdd(1, 5));
        Assert.True(epochs.TryAdd(5, 10));
        Assert.Equal([-1, 2, 2, 5, 5], ((long[])[-1, 0, 9, 10, 99]).Select(epochs.EpochOf));
        Assert.Equal(new EpochEndOffset(2, 10), epochs.FindEnd(2, 20));
        Assert.Equal(new EpochEndOffset(2, 10), epochs.FindEnd(4, 20));
        Assert.Equal(new EpochEndOffset(5, 20), epochs.FindEnd(5, 20));
        Assert.Equal(new EpochEndOffset(-1, -1), epochs.FindEnd(6, 20));
        Assert.Equal(new EpochEndOffset(-1, -1), epochs.FindEnd(1, 20));
        Assert.Equal(new EpochEndOffset(-1, -1), new LeaderEpochCheckpoint().FindEnd(0, 20));
    }

    [Fact]
    public void Cutting_keeps_the_first()
    {
        var epochs = new LeaderEpochCheckpoint();
        epochs.TryAdd(0, 0);
        epochs.TryAdd(1, 10);
        epochs.TryAdd(2, 20);
        Assert.False(epochs.TruncateTo(21));
        Assert.True(epochs.TruncateTo(20));
        Assert.Equal(1, epochs.Latest);
        epochs.TruncateTo(0);
        Assert.Equal((0, 1), (epochs.Latest, epochs.Count));
    }

    [Fact]
    public void An_epoch_past_the_end_of_the_log_is_forgotten_before_anything_is_appended()
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        using (var rig = new StorageRig(device))
        {
            rig.Log.Append(TestBatches.Build(4, 0), AppendOrigin.Client);
            rig.Log.Commit();
        }

        device.ReplaceDurably($"{StorageRig.Directory}/leader-epoch-checkpoint", "0\n2\n0 0\n5 6\n"u8);
        using (var rig = new StorageRig(device))
        {
            Assert.Equal(0, rig.Log.LeaderEpoch);
            rig.Log.Append(TestBatches.Build(4, 4), AppendOrigin.Client);
            rig.Log.Commit();
        }

        using var again = new StorageRig(device.Crash(1));
        Assert.Equal((0, 8L), (again.Log.LeaderEpoch, again.Log.LogEndOffset));
        Assert.Equal(new EpochEndOffset(0, 8), again.Log.FindEpochEnd(0));
    }

    [Fact]
    public void It_is_written_as_Kafka_writes_it_and_read_back()
    {
        var epochs = new LeaderEpochCheckpoint();
        epochs.TryAdd(0, 0);
        epochs.TryAdd(3, 1234);
        epochs.Save(_device, "/data", sync: true);
        Assert.Equal("0\n2\n0 0\n3 1234\n", Encoding.ASCII.GetString(_device.Content("/data/leader-epoch-checkpoint")));
        LeaderEpochCheckpoint read = LeaderEpochCheckpoint.TryLoad(_device.Crash(0), "/data")!;
        Assert.Equal((3, 2), (read.Latest, read.Count));
    }

    [Theory]
    [InlineData("")]
    [InlineData("0\n")]
    [InlineData("1\n0\n")]
    [InlineData("0\nx\n")]
    [InlineData("0\n2\n0 0\n")]
    [InlineData("0\n1\n0\n")]
    [InlineData("0\n1\nx 0\n")]
    [InlineData("0\n1\n0 x\n")]
    [InlineData("0\n2\n1 0\n1 5\n")]
    public void Anything_else_is_no_checkpoint(string text)
    {
        Assert.Null(LeaderEpochCheckpoint.TryLoad(_device, "/data"));
        _device.ReplaceDurably("/data/leader-epoch-checkpoint", Encoding.ASCII.GetBytes(text));
        Assert.Null(LeaderEpochCheckpoint.TryLoad(_device, "/data"));
    }
}
