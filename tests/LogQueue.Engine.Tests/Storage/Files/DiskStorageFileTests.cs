using LogQueue.Storage;
using LogQueue.Storage.Files;

namespace LogQueue.Engine.Tests.Storage.Files;

/// <summary>What a file of the real disk answers when the system refuses.</summary>
public sealed class DiskStorageFileTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("lq-file-").FullName;
    private readonly DiskStorageDevice _device = DiskStorageDevice.Create();

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void A_sync_that_fails_is_told()
    {
        using IStorageFile file = _device.Open("/dev/null", StorageOpenMode.ReadWrite); // no device of blocks: EINVAL
        StorageException error = Assert.Throws<StorageException>(file.DataSync);
        Assert.Equal("fdatasync", error.Operation);
    }

    [Fact]
    public void A_file_opened_for_reading_refuses_changes()
    {
        string path = Path.Combine(_root, "a");
        _device.Open(path, StorageOpenMode.CreateNew).Dispose();
        using IStorageFile file = _device.Open(path, StorageOpenMode.Read);
        Assert.Throws<StorageException>(() => file.Write(0, [1]));
        Assert.Throws<StorageException>(() => file.Truncate(10));
        Assert.Throws<StorageException>(() => file.Allocate(10));
        Assert.Equal(0, file.Length);
    }

    [Fact]
    public void What_cannot_be_read_allocated_or_mapped_says_so()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        // /proc/self/mem: reading address 0 is EIO; it can neither be allocated nor mapped.
        using IStorageFile memory = _device.Open("/proc/self/mem", StorageOpenMode.ReadWrite);
        byte[] read = new byte[10];
        Assert.Equal(StorageError.InputOutput, Assert.Throws<StorageException>(() => memory.Read(0, read)).Error);
        Assert.Throws<StorageException>(() => memory.Allocate(10));
        Assert.Throws<StorageException>(() => memory.Map(10));
    }

    [Fact]
    public void A_resident_map_shows_what_is_written_later_and_refuses_what_is_not_in_the_file()
    {
        using IStorageFile file = _device.Open(Path.Combine(_root, "a"), StorageOpenMode.CreateNew);
        file.Allocate(3 << 16);
        LockedPages.SkipWithout(file);
        using (IMappedRegion map = file.MapResident(1 << 16, 1 << 17))
        {
            file.Write((1 << 16) + 5, [1, 2, 3]);
            Assert.Equal((1 << 17, 1, 3), (map.Span.Length, map.Span[5], map.Span[7]));
            file.Write((3 << 16) - 1, [9]);
            Assert.Equal(9, map.Span[^1]);
        }

        // Behind the end there are no pages that could be kept: the error comes from the call, not from a look at them.
        Assert.Throws<StorageException>(() => file.MapResident(3 << 16, 1 << 16));
        Assert.Throws<StorageException>(() => file.MapResident(100, 1 << 16));
    }

    [Fact]
    public void An_empty_map_is_empty_and_a_disposed_one_is_not_readable()
    {
        string path = Path.Combine(_root, "a");
        using IStorageFile file = _device.Open(path, StorageOpenMode.OpenOrCreate);
        using (IMappedRegion empty = file.Map(0))
        {
            Assert.True(empty.Span.IsEmpty);
        }

        file.Write(0, [1, 2]);
        IMappedRegion map = file.Map(2);
        Assert.Equal([1, 2], map.Span.ToArray());
        map.Dispose();
        map.Dispose();
        Assert.Throws<ObjectDisposedException>(() => map.Span.Length);
    }

    [Fact]
    public void Directories_are_made_listed_moved_and_deleted_when_empty()
    {
        string path = Path.Combine(_root, "d");
        _device.CreateDirectory(path);
        Assert.True(_device.DirectoryExists(path));
        Assert.False(_device.FileExists(path));
        _device.Open(Path.Combine(path, "f"), StorageOpenMode.CreateNew).Dispose();
        Assert.Equal(["d"], _device.ListDirectories(_root));
        Assert.Throws<StorageException>(() => _device.DeleteDirectory(path));
        _device.Rename(path, path + "2");
        _device.Delete(Path.Combine(path + "2", "f"));
        _device.DeleteDirectory(path + "2");
        Assert.Empty(_device.ListDirectories(_root));
        Assert.Throws<StorageException>(() => _device.Rename(path, path + "3"));
        Assert.Equal(StorageError.NotFound, Assert.Throws<StorageException>(() => _device.ListFiles(path)).Error);
        Assert.Throws<StorageException>(() => _device.FileLength(path));
        Assert.Throws<StorageException>(() => _device.LockDirectory(path));
    }

    [Fact]
    public void A_file_opened_for_reading_can_be_synced()
    {
        string path = Path.Combine(_root, "a");
        using (IStorageFile written = _device.Open(path, StorageOpenMode.CreateNew))
        {
            written.Write(0, [1, 2]);
        }

        using IStorageFile file = _device.Open(path, StorageOpenMode.Read); // what other handles wrote counts
        file.DataSync();
        file.DropCache(0);
        byte[] read = new byte[3];
        Assert.Equal(2, file.Read(0, read));
        Assert.Equal([1, 2, 0], read);
    }
}
