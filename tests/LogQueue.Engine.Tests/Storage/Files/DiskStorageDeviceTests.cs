using LogQueue.Storage;
using LogQueue.Storage.Files;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Files;

public sealed class DiskStorageDeviceTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("lq-disk-").FullName;
    private readonly DiskStorageDevice _device = DiskStorageDevice.Create();

    [Fact]
    public void Files_are_written_read_allocated_cut_and_mapped()
    {
        string path = Path.Combine(_root, "a");
        using IStorageFile file = _device.Open(path, StorageOpenMode.CreateNew);
        file.Allocate(10_000);
        Assert.Equal(10_000, file.Length);
        file.Write(5_000, [1, 2, 3]);
        file.DataSync();
        byte[] read = new byte[5];
        Assert.Equal(5, file.Read(4_999, read));
        Assert.Equal([0, 1, 2, 3, 0], read);
        using (IMappedRegion map = file.Map(file.Length))
        {
            Assert.Equal(2, map.Span[5_001]);
        }

        file.Truncate(5_002);
        Assert.Equal(2, file.Read(5_000, read));
        _device.SyncDirectory(_root);
        Assert.Equal(["a"], _device.ListFiles(_root));
        _device.Rename(path, path + "b");
        Assert.Equal(5_002, _device.FileLength(path + "b"));
        _device.Delete(path + "b");
        Assert.Empty(_device.ListFiles(_root));
        Assert.True(_device.FreeBytes(_root) > 0);
    }

    [Fact]
    public void Errors_say_what_where_and_why()
    {
        string missing = Path.Combine(_root, "missing");
        Assert.Equal(StorageError.NotFound, Assert.Throws<StorageException>(() => _device.Open(missing, StorageOpenMode.Read)).Error);
        Assert.Equal(StorageError.NotFound, Assert.Throws<StorageException>(() => _device.SyncDirectory(missing)).Error);
        _device.Open(missing, StorageOpenMode.CreateNew).Dispose();
        StorageException exists = Assert.Throws<StorageException>(() => _device.Open(missing, StorageOpenMode.CreateNew));
        Assert.Equal(StorageError.Exists, exists.Error);
        Assert.Contains(missing, exists.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_write_to_a_full_device_says_so()
    {
        if (!File.Exists("/dev/full"))
        {
            return; // Linux only
        }

        using IStorageFile full = _device.Open("/dev/full", StorageOpenMode.ReadWrite);
        Assert.Equal(StorageError.NoSpace, Assert.Throws<StorageException>(() => full.Write(0, [1])).Error);
        Assert.Throws<StorageException>(full.DataSync); // EINVAL: a device that cannot sync is not taken for synced
    }

    [Fact]
    public void A_directory_is_locked_once()
    {
        using (_device.LockDirectory(_root))
        {
            AssertIsLocked();
        }

        _device.LockDirectory(_root).Dispose();
        using (File.OpenHandle(Path.Combine(_root, ".lock"), FileMode.Open, FileAccess.Read, FileShare.Read))
        {
            AssertIsLocked(); // another process that has just opened it
        }

        _device.LockDirectory(_root).Dispose();

        void AssertIsLocked()
        {
            StorageException e = Assert.Throws<StorageException>(() => _device.LockDirectory(_root));
            Assert.Equal((StorageError.Locked, _root), (e.Error, e.Path));
            Assert.Contains("another process uses this data directory; stop it or choose another directory", e.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_directory_that_cannot_be_synced_is_told()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        StorageException e = Assert.Throws<StorageException>(() => _device.SyncDirectory("/proc")); // no device of blocks: EINVAL
        Assert.Equal(("fsync", "/proc"), (e.Operation, e.Path));
        Assert.Contains("errno 22", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_log_on_the_real_disk_rolls_seals_closes_and_opens()
    {
        var options = new LogOptions { SegmentBytes = 20_000, IndexIntervalBytes = 500 };
        string directory = Path.Combine(_root, "t-0");
        using (var rig = new StorageRig(_device, options, directory: directory))
        {
            for (int i = 0; i < 200; i++)
            {
                Assert.Equal(AppendStatus.Appended, rig.Log.Append(TestBatches.Build(3, i * 3, valueBytes: 100), AppendOrigin.Client).Status);
            }

            rig.Log.Commit();
            ReadResult read = rig.Log.Read(100, 5_000, ReadIsolation.Uncommitted, true);
            Assert.True(read.Records.TryGetFile(out var handle, out long position));
            byte[] viaHandle = new byte[read.Records.LengthBytes];
            byte[] viaCopy = new byte[read.Records.LengthBytes];
            Assert.Equal(viaHandle.Length, RandomAccess.Read(handle, viaHandle, position));
            read.Records.CopyTo(viaCopy);
            Assert.Equal(viaCopy, viaHandle);
            read.Records.Dispose();
            await rig.Log.CloseAsync();
        }

        string[] logs = Directory.GetFiles(directory, "*.log");
        Assert.Equal(logs.Length - 1, Directory.GetFiles(directory, "*.seal").Length);
        Assert.All(logs, static log => Assert.InRange(new FileInfo(log).Length, 1, 20_000));
        using var again = new StorageRig(_device, options, directory: directory, clean: true);
        Assert.Equal(600, StorageRig.ReadAll(again.Log, 0, ReadIsolation.Uncommitted).Count);
        Assert.InRange(again.Log.Recovery.ScannedBytes, 0, 2_000);
        Assert.NotNull(again.Log.FindOffset(TestBatches.StartMs + 1));
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);
}
