using LogQueue.Storage.Segments;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Segments;

public sealed class SegmentListTests
{
    [Fact]
    public void Only_neighbours_that_are_all_there_are_replaced()
    {
        SimulatedStorageDevice device = LogFileRig.NewDevice();
        LogSegment[] all = [.. Enumerable.Range(0, 5).Select(i => LogFileRig.Segment(device, i * 10))];
        var list = new SegmentList();
        foreach (LogSegment segment in all[..4])
        {
            list.Add(segment);
        }

        Assert.False(list.TryReplace([all[4]], all[0])); // not there
        Assert.False(list.TryReplace([all[0], all[2]], all[4])); // no neighbours
        Assert.False(list.TryReplace([all[3], all[4]], all[0])); // not all there
        Assert.Equal(all[..4], list.Snapshot.ToArray());
        Assert.True(list.TryReplace([all[1], all[2]], all[4]));
        Assert.Equal([all[0], all[4], all[3]], list.Snapshot.ToArray());
        Assert.Equal(-1, SegmentList.Find(list.Snapshot, -1));
        Array.ForEach(all, static s => s.Close());
    }
}
