using LogQueue.Storage;
using LogQueue.Storage.Files;
using LogQueue.Storage.Segments;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Segments;

public sealed class FileSliceTests
{
    private readonly SimulatedStorageDevice _device = new("/data");

    [Fact]
    public void A_slice_is_there_until_it_is_disposed_once()
    {
        LeasedFile file = Leased([1, 2, 3, 4]);
        var slice = new FileSlice(file, 1, 2);
        byte[] read = new byte[2];
        slice.CopyTo(read);
        Assert.Equal([2, 3], read);
        slice.Dispose();
        slice.Dispose();
        Assert.Equal(0, file.Leases);
        Assert.Throws<ObjectDisposedException>(() => slice.CopyTo(read));
        file.Retire();
        Assert.Equal(0, _device.OpenFiles);
    }

    [Fact]
    public void A_file_that_ends_inside_a_slice_says_where()
    {
        using var slice = new FileSlice(Leased([1, 2, 3, 4]), 1, 5);
        CorruptLogException e = Assert.Throws<CorruptLogException>(() => slice.CopyTo(new byte[5]));
        Assert.Equal(("/data/log", 4L), (e.Path, e.Position));
        Assert.Contains("the file ends after 3", e.Message, StringComparison.Ordinal);
    }

    private LeasedFile Leased(byte[] bytes)
    {
        using (IStorageFile file = _device.Open("/data/log", StorageOpenMode.CreateNew))
        {
            file.Write(0, bytes);
        }

        var leased = new LeasedFile(_device, "/data/log", new LeaseBudget(2));
        Assert.True(leased.TryAcquire());
        return leased;
    }
}
