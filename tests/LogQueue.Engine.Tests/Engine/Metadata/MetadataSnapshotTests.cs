using LogQueue.Engine.Metadata;
using LogQueue.Records;
using LogQueue.Storage.Files;
using LogQueue.TestKit.Kafka;

namespace LogQueue.Engine.Tests.Engine.Metadata;

public sealed class MetadataSnapshotTests : IDisposable
{
    private readonly KafkaDirectory _kafka = KafkaDirectory.Extract(KafkaDirectory.Whole);

    private string MetadataDirectory => Path.Combine(_kafka.DataDirectory, "__cluster_metadata-0");

    private string[] Snapshots => [.. Directory.GetFiles(MetadataDirectory, "*.checkpoint").Order(StringComparer.Ordinal)];

    public void Dispose() => _kafka.Dispose();

    [Fact]
    public void The_newest_snapshot_has_the_topics()
    {
        MetadataSnapshot snapshot = MetadataSnapshot.TryLoadNewest(DiskStorageDevice.Create(), MetadataDirectory)!;
        Assert.Equal(long.Parse(Path.GetFileName(Snapshots[^1])[..20], System.Globalization.CultureInfo.InvariantCulture), snapshot.EndOffset);
        var catalogue = new Catalogue();
        snapshot.ApplyTo(catalogue);
        Assert.Contains("plain", catalogue.Topics.Select(static t => t.Name));
        Assert.Equal(2, catalogue.Topics.Single(static t => t.Name == "plain").PartitionCount);
    }

    [Fact]
    public void A_torn_or_flipped_snapshot_is_passed_over_for_an_older_one()
    {
        Assert.True(Snapshots.Length >= 2, "the test needs two snapshots");
        string newest = Snapshots[^1];
        long older = long.Parse(Path.GetFileName(Snapshots[^2])[..20], System.Globalization.CultureInfo.InvariantCulture);
        byte[] bytes = File.ReadAllBytes(newest);
        for (int cut = bytes.Length - 1; cut > 0; cut -= 97)
        {
            Replace(newest, bytes[..cut]);
            Assert.Equal(older, MetadataSnapshot.TryLoadNewest(DiskStorageDevice.Create(), MetadataDirectory)!.EndOffset);
        }

        byte[] flipped = [.. bytes];
        flipped[bytes.Length / 2] ^= 1;
        Replace(newest, flipped);
        Assert.Equal(older, MetadataSnapshot.TryLoadNewest(DiskStorageDevice.Create(), MetadataDirectory)!.EndOffset);
    }

    [Fact]
    public async Task A_cut_log_without_its_snapshot_is_refused_and_no_directory_is_moved_away()
    {
        foreach (string snapshot in Snapshots)
        {
            File.Delete(snapshot);
        }

        CorruptRecordException refused = await Assert.ThrowsAsync<CorruptRecordException>(() => LogEngine.OpenAsync(
            new LogEngineOptions { DataDirectory = _kafka.DataDirectory }, TestContext.Current.CancellationToken));
        Assert.Contains("__cluster_metadata-0", refused.Message, StringComparison.Ordinal);
        Assert.True(Directory.Exists(Path.Combine(_kafka.DataDirectory, "plain-0")));
    }

    [Theory]
    [InlineData("00000000000000000041-0000000001.checkpoint", 41)]
    [InlineData("00000000000000000041-0000000001.checkpoint.part", -1)]
    [InlineData("00000000000000000041.checkpoint", -1)]
    [InlineData("0000000000000000004x-0000000001.checkpoint", -1)]
    public void Names(string name, long endOffset)
    {
        Assert.Equal(endOffset >= 0, MetadataSnapshot.TryParseName(name, out long parsed));
        Assert.True(endOffset < 0 || endOffset == parsed);
    }

    private static void Replace(string path, byte[] bytes)
    {
        File.Delete(path); // Kafka's snapshots are read-only files
        File.WriteAllBytes(path, bytes);
    }
}
