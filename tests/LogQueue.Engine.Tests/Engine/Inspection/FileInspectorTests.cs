using LogQueue.Engine.Inspection;
using LogQueue.TestKit.Kafka;

namespace LogQueue.Engine.Tests.Engine.Inspection;

public sealed class FileInspectorTests
{
    [Fact]
    public void Files_of_Kafka_are_listed()
    {
        using KafkaDirectory kafka = KafkaDirectory.Extract(KafkaDirectory.Partitions);
        string orders = Path.Combine(kafka.DataDirectory, "orders-txn-0");
        FileDump Read(string name) => FileInspector.TryRead(Path.Combine(orders, name))!;

        Assert.Equal(new FileInfo(Path.Combine(orders, "00000000000000001164.index")).Length / 8, Read("00000000000000001164.index").Rows.Count);
        Assert.All(Read("00000000000000001164.index").Rows, static row => Assert.InRange(long.Parse(row[0], System.Globalization.CultureInfo.InvariantCulture), 1164, 2327));
        Assert.Equal(new FileInfo(Path.Combine(orders, "00000000000000001164.timeindex")).Length / 12, Read("00000000000000001164.timeindex").Rows.Count);
        Assert.Equal(20, ((string[])["00000000000000000000", "00000000000000001164", "00000000000000002328"]).Sum(name => Read(name + ".txnindex").Rows.Count));
        Assert.Single(Read("00000000000000002460.snapshot").Rows);
        Assert.Equal(["0", "0"], Read("leader-epoch-checkpoint").Rows[0]);
        Assert.Single(Read("partition.metadata").Rows);
        Assert.Null(FileInspector.TryRead(Path.Combine(orders, "00000000000000000000.log")));
    }

    [Fact]
    public async Task Files_of_ours_are_listed_and_damage_is_told()
    {
        using WrittenPartition written = await WrittenPartition.CreateAsync();
        Assert.Null(FileInspector.TryRead(Path.Combine(written.Path, "recovery.ckpt"))!.Problem);
        foreach (string pattern in (string[])["*.seal", "*.snapshot"])
        {
            string file = written.Files(pattern)[0];
            Assert.NotEmpty(FileInspector.TryRead(file)!.Rows);
            byte[] bytes = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);
            bytes[^1] ^= 1;
            await File.WriteAllBytesAsync(file, bytes, TestContext.Current.CancellationToken);
            Assert.NotNull(FileInspector.TryRead(file)!.Problem);
        }
    }
}
