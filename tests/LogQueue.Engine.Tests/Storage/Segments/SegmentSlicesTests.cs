using LogQueue.Storage;
using LogQueue.Storage.Segments;
using LogQueue.TestKit.Storage;
using LogQueue.Wire;

namespace LogQueue.Engine.Tests.Storage.Segments;

public sealed class SegmentSlicesTests
{
    private static readonly byte[][] Batches = LogFileRig.Batches([1, 2, 3]);
    private readonly SimulatedStorageDevice _device = LogFileRig.NewDevice();

    [Fact]
    public void A_slice_is_there_until_one_of_its_copies_is_disposed()
    {
        LogSegment segment = Sealed();
        RecordSlice slice = Lend(segment, Batches[0].Length, Batches[1].Length);
        RecordSlice copy = slice;
        byte[] read = new byte[Batches[1].Length];
        copy.CopyTo(read);
        Assert.Equal(Batches[1], read);
        Assert.False(slice.TryGetFile(out _, out long position)); // the simulated disk has no handles
        Assert.Equal(Batches[0].Length, position);

        RecordSlice other = Lend(segment, 0, 10);
        slice.Dispose();
        copy.Dispose();
        Assert.Equal(1, segment.Log.Leases); // the other's
        Assert.Throws<ObjectDisposedException>(() => copy.CopyTo(read));
        Assert.Throws<ObjectDisposedException>(() => slice.TryGetFile(out _, out _));
        segment.Close();
        other.CopyTo(read);
        Assert.Equal(Batches[0][..10], read[..10]);
        other.Dispose();
        Assert.Equal(0, _device.OpenFiles);
    }

    [Fact]
    public void A_file_that_ends_inside_a_slice_says_where()
    {
        LogSegment segment = Sealed();
        int end = (int)segment.SizeBytes;
        using RecordSlice slice = Lend(segment, 1, end + 4);
        CorruptLogException e = Assert.Throws<CorruptLogException>(() => slice.CopyTo(new byte[end + 4]));
        Assert.Equal((segment.Log.Path, (long)end), (e.Path, e.Position));
        Assert.Contains($"the file ends after {end - 1}", e.Message, StringComparison.Ordinal);
    }

    private static RecordSlice Lend(LogSegment segment, long position, int lengthBytes)
    {
        Assert.True(segment.Log.TryAcquire());
        return segment.Slices.Lend(position, lengthBytes);
    }

    private LogSegment Sealed()
    {
        LogSegment segment = LogFileRig.Segment(_device, 0, Batches);
        SegmentSealer.Seal(_device, segment);
        return segment;
    }
}
