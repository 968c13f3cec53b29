using System.Text;
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
    public void Anything_else_is_no_id(string text)
    {
        Assert.Null(PartitionMetadataFile.TryLoad(_device, "/data"));
        _device.ReplaceDurably("/data/partition.metadata", Encoding.ASCII.GetBytes(text));
        Assert.Null(PartitionMetadataFile.TryLoad(_device, "/data"));
    }
}
