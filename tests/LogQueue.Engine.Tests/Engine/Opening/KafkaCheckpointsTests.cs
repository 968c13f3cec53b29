using LogQueue.Engine.Opening;
using LogQueue.Storage.Files;
using LogQueue.Storage.Partitions;

namespace LogQueue.Engine.Tests.Engine.Opening;

public sealed class KafkaCheckpointsTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Kafkas_notes_become_ours_once()
    {
        foreach (string name in (string[])["a-0", "a-1", "b-0"])
        {
            Directory.CreateDirectory(Path.Combine(_directory.Path, name));
            File.WriteAllBytes(Path.Combine(_directory.Path, name, "00000000000000000040.log"), []);
        }

        Write("log-start-offset-checkpoint", "0\n2\na 0 50\nb 0 10\n");
        Write("recovery-point-offset-checkpoint", "0\n4\na 0 90\na 1 45\nb 0 70\ngone 0 5\n");
        Write(".kafka_cleanshutdown", "{\"version\":0}");
        DiskStorageDevice device = DiskStorageDevice.Create();

        KafkaCheckpoints.TakeOver(device, _directory.Path);

        Assert.Equal((50L, 90L), Of(device, "a-0"));
        Assert.Equal((40L, 45L), Of(device, "a-1"));
        Assert.Equal((40L, 70L), Of(device, "b-0"));
        Assert.False(File.Exists(Path.Combine(_directory.Path, ".kafka_cleanshutdown")));
        Assert.False(Directory.Exists(Path.Combine(_directory.Path, "gone-0")));

        Write("log-start-offset-checkpoint", "0\n1\na 0 77\n");
        KafkaCheckpoints.TakeOver(device, _directory.Path);
        Assert.Equal((50L, 90L), Of(device, "a-0"));
    }

    [Fact]
    public void A_damaged_note_counts_as_none()
    {
        Write("log-start-offset-checkpoint", "0\n3\na 0 50\nnonsense\nb x 1\nc 0 -4\n");
        IReadOnlyDictionary<string, long> read = KafkaCheckpoints.Read(DiskStorageDevice.Create(), Path.Combine(_directory.Path, "log-start-offset-checkpoint"));
        Assert.Equal([KeyValuePair.Create("a-0", 50L)], read);
        Assert.Empty(KafkaCheckpoints.Read(DiskStorageDevice.Create(), Path.Combine(_directory.Path, "missing")));
    }

    private (long, long) Of(DiskStorageDevice device, string name)
    {
        RecoveryCheckpoint found = RecoveryCheckpoint.TryLoad(device, Path.Combine(_directory.Path, name))!;
        return (found.LogStartOffset, found.RecoveryPoint);
    }

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_directory.Path, name), text);
}
