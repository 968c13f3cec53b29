using LogQueue.Storage.Files;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Files;

public sealed class LostAndFoundTests
{
    private const string File = "/data/t-0/x.log";
    private const string Lost = "/data/lost+found";

    private readonly SimulatedStorageDevice _device = new("/data", "/data/t-0");

    [Fact]
    public void What_is_moved_there_never_takes_the_place_of_what_lies_there()
    {
        for (byte i = 1; i <= 3; i++)
        {
            Write([i]);
            Assert.Equal(i == 1 ? "lost+found/t-0.x.log" : $"lost+found/t-0.x.log.{i}", LostAndFound.Move(_device, File));
            Assert.False(_device.FileExists(File));
        }

        SimulatedStorageDevice crashed = _device.Crash(3, CrashProfile.Weak); // the names are durable
        Assert.Equal(["t-0.x.log", "t-0.x.log.2", "t-0.x.log.3"], crashed.ListFiles(Lost));
        Assert.Equal([2], _device.Content($"{Lost}/t-0.x.log.2"));
    }

    [Fact]
    public void Its_size_counts_files_and_the_files_of_directories()
    {
        Assert.Equal((0, 0L), LostAndFound.Measure(_device, "/data"));
        Write([1, 2, 3]);
        LostAndFound.Move(_device, File);
        _device.CreateDirectory($"{Lost}/gone-0");
        using (IStorageFile file = _device.Open($"{Lost}/gone-0/x.log", StorageOpenMode.CreateNew))
        {
            file.Write(0, [1, 2, 3, 4]);
        }

        Assert.Equal((2, 7L), LostAndFound.Measure(_device, "/data"));
    }

    [Theory]
    [InlineData(10, 20)]
    [InlineData(64 << 10, 128 << 10)] // the same piece by piece
    [InlineData(5, (2 << 20) + 9)]
    public void The_same_bytes_are_copied_once_and_others_beside_them(int from, int to)
    {
        byte[] bytes = new byte[3 << 20];
        new Random(1).NextBytes(bytes);
        Write(bytes);
        string name = $"t-0.x.log.{from}-{to}";
        Assert.Equal($"lost+found/{name}", LostAndFound.Copy(_device, File, from, to));
        Assert.Equal($"lost+found/{name}", LostAndFound.Copy(_device, File, from, to));
        Assert.Equal(bytes[from..to], _device.Crash(1, CrashProfile.Weak).Content($"{Lost}/{name}"));

        bytes[to - 1] ^= 1;
        Write(bytes);
        Assert.Equal($"lost+found/{name}.2", LostAndFound.Copy(_device, File, from, to));
        Assert.Equal($"lost+found/{name}.2", LostAndFound.Copy(_device, File, from, to));
        Assert.Equal([name, $"{name}.2"], _device.ListFiles(Lost));
        Assert.Equal(bytes[from..to], _device.Content($"{Lost}/{name}.2"));
    }

    [Fact]
    public void A_copy_of_a_file_that_ends_early_is_what_there_is_and_a_longer_one_is_another()
    {
        Write([1, 2, 3, 4]);
        LostAndFound.Copy(_device, File, 2, 9);
        Assert.Equal([3, 4], _device.Content($"{Lost}/t-0.x.log.2-9"));
        Write([1, 2, 3, 4, 5]);
        Assert.Equal("lost+found/t-0.x.log.2-9.2", LostAndFound.Copy(_device, File, 2, 9));
        Assert.Equal([3, 4, 5], _device.Content($"{Lost}/t-0.x.log.2-9.2"));
    }

    private void Write(byte[] bytes)
    {
        _device.DeleteIfExists(File);
        using IStorageFile file = _device.Open(File, StorageOpenMode.CreateNew);
        file.Write(0, bytes);
    }
}
