using System.Text;
using LogQueue.Storage;
using LogQueue.Storage.Files;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Files;

public sealed class StorageDeviceFilesTests
{
    private const int MostBytes = 64 << 20;

    private readonly SimulatedStorageDevice _device = new("/data");

    [Fact]
    public void A_missing_file_is_none_and_a_whole_one_is_read()
    {
        Assert.Null(_device.ReadWhole("/data/x"));
        _device.ReplaceDurably("/data/x", [1, 2, 3]);
        Assert.Equal([1, 2, 3], _device.ReadWhole("/data/x"));
        Assert.Equal([1, 2, 3], _device.Crash(1).ReadWhole("/data/x"));
        Assert.Equal(["x"], _device.ListFiles("/data"));
    }

    [Fact]
    public void Nothing_is_allocated_for_a_file_that_no_metadata_file_can_be()
    {
        using (IStorageFile file = _device.Open("/data/x", StorageOpenMode.CreateNew))
        {
            file.Allocate(MostBytes + 1L);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        StorageException e = Assert.Throws<StorageException>(() => _device.ReadWhole("/data/x"));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MostBytes / 2);
        Assert.Equal("/data/x", e.Path);
        Assert.Contains("67108865 bytes are too many for a metadata file (at most 67108864)", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_shorter_than_its_length_is_what_can_be_read_of_it()
    {
        const string Path = "/sys/devices/system/cpu/online"; // a page long, by its length
        if (!File.Exists(Path))
        {
            return;
        }

        Assert.Equal(File.ReadAllText(Path), Encoding.ASCII.GetString(DiskStorageDevice.Create().ReadWhole(Path)!));
    }
}
