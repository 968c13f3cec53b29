using System.Text;
using LogQueue.Storage;
using LogQueue.Storage.Files;
using LogQueue.Storage.Partitions;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Partitions;

public sealed class PartitionMetadataFileTests
{
    private readonly SimulatedStorageDevice _device = new("/data");

    [Fact]
    public void A_topic_id_comes_back_after_a_power_cut()
    {
        Guid id = Guid.Parse("5f9a3b1e-0c4d-4b8e-9f00-fbfffefdfcfb");
        PartitionMetadataFile.Save(_device, "/data", id, syncsDirectory: true);
        Assert.Equal(id, PartitionMetadataFile.TryLoad(_device.Crash(0), "/data"));
        Assert.StartsWith("version: 0\ntopic_id: ", Encoding.ASCII.GetString(_device.Content("/data/partition.metadata")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("version: 0\n")]
    [InlineData("version: 0\ntopic_id: short")]
    [InlineData("version: 0\ntopic_id: !!!!!!!!!!!!!!!!!!!!!!")]
    [InlineData("version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAA==")]
    [InlineData("version: 0\ntopic_id: AAAA AAAA AAAA AAAA AA")]
    public void Anything_else_is_no_id(string text)
    {
        Assert.Null(PartitionMetadataFile.TryLoad(_device, "/data"));
        _device.ReplaceDurably("/data/partition.metadata", Encoding.ASCII.GetBytes(text));
        Assert.Null(PartitionMetadataFile.TryLoad(_device, "/data"));
    }

    [Fact]
    public void An_id_with_a_few_flipped_bits_is_healed_and_another_topics_is_not()
    {
        Guid id = Guid.Parse("5f9a3b1e-0c4d-4b8e-9f00-fbfffefdfcfb");
        Guid damaged = Guid.Parse("5f9a3b1e-0c4d-4b8e-9f00-fbfffefdfc04"); // eight bits
        Guid other = Guid.Parse("5f9a3b1e-0c4d-4b8e-9f01-fbfffefdfc04"); // nine
        Assert.False(PartitionMetadataFile.TryHeal(_device, "/data", other, id));
        Assert.Empty(_device.ListFiles("/data"));
        Assert.True(PartitionMetadataFile.TryHeal(_device, "/data", damaged, id));
        Assert.Equal(id, PartitionMetadataFile.TryLoad(_device.Crash(0), "/data"));
    }

    [Fact]
    public void A_partition_whose_id_was_damaged_opens_as_its_topics_own_and_another_topics_does_not()
    {
        Guid id = Guid.Parse("5f9a3b1e-0c4d-4b8e-9f00-fbfffefdfcfb");
        using var rig = new StorageRig(_device);
        string other = $"{StorageRig.Root}/other-0";
        PartitionLog.Open(rig.Context, other, new("other", 0), new LogOptions(), cleanShutdown: false, id).Dispose();
        PartitionMetadataFile.Save(_device, other, Guid.Parse("5f9a3b1e-0c4d-4b8e-9f00-fbfffefdfcfa"), syncsDirectory: true);
        using (PartitionLog log = PartitionLog.Open(rig.Context, other, new("other", 0), new LogOptions(), cleanShutdown: false, id))
        {
            Assert.Equal((id, id), (log.TopicId, PartitionMetadataFile.TryLoad(_device, other)));
        }

        Guid stranger = Guid.Parse("aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee");
        StorageException e = Assert.Throws<StorageException>(
            () => PartitionLog.Open(rig.Context, other, new("other", 0), new LogOptions(), cleanShutdown: false, stranger));
        Assert.Equal((StorageError.Exists, other), (e.Error, e.Path));
        Assert.Contains($"it belongs to topic id {id} and not to {stranger}", e.Message, StringComparison.Ordinal);
    }
}
