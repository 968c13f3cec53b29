using LogQueue.Engine.Errors;
using LogQueue.Engine.Inspection;
using LogQueue.Engine.Partitions;
using LogQueue.Engine.Topics;
using LogQueue.Records;
using Record = LogQueue.Records.Record;

namespace LogQueue.Engine.Tests.Engine.Inspection;

/// <summary>Damage from the outside: what an embedding program and its operator see, on a real disk.</summary>
public sealed class LogRepairerTests
{
    [Fact]
    public async Task From_damage_to_repair()
    {
        using var directory = new TemporaryDirectory();
        List<string> told = [];
        LogEngineOptions options = new() { DataDirectory = directory.Path, DamageFound = told.Add };
        await using (LogEngine engine = await LogEngine.OpenAsync(options, TestContext.Current.CancellationToken))
        {
            Topic topic = await engine.CreateTopicAsync("readings", cancellationToken: TestContext.Current.CancellationToken);
            for (int i = 0; i < 20; i++)
            {
                await topic.Partitions[0].AppendAsync(default, new byte[500], cancellationToken: TestContext.Current.CancellationToken);
            }

            Assert.Throws<DataDirectoryException>(() => LogRepairer.Run(directory.Path));
        }

        string segment = Path.Combine(directory.Path, "readings-0", "00000000000000000000.log");
        byte[] bytes = await File.ReadAllBytesAsync(segment, TestContext.Current.CancellationToken);
        bytes[bytes.Length / 2] ^= 4;
        await File.WriteAllBytesAsync(segment, bytes, TestContext.Current.CancellationToken);
        long lost;
        await using (LogEngine engine = await LogEngine.OpenAsync(options, TestContext.Current.CancellationToken))
        {
            Partition partition = engine.Topics.Single(static t => t.Name == "readings").Partitions[0];
            var seen = new List<long>();
            await Assert.ThrowsAsync<CorruptRecordException>(async () =>
            {
                await foreach (Record record in partition.ReadRecordsAsync(0, cancellationToken: TestContext.Current.CancellationToken))
                {
                    seen.Add(record.Offset);
                }
            });
            lost = seen.Count;
            Assert.Contains($"offsets {lost} to {lost}", Assert.Single(engine.Damage), StringComparison.Ordinal);
            Assert.Contains("readings-0", Assert.Single(told), StringComparison.Ordinal);
            AppendRefusedException refused = await Assert.ThrowsAsync<AppendRefusedException>(
                async () => await partition.AppendAsync(default, new byte[1], cancellationToken: TestContext.Current.CancellationToken));
            Assert.Contains("logqueue log repair", refused.Message, StringComparison.Ordinal);
        }

        await using (LogEngine engine = await LogEngine.OpenAsync(options, TestContext.Current.CancellationToken))
        {
            Assert.Single(engine.Recovery.Damage); // remembered
        }

        PartitionRepairResult dry = Assert.Single(LogRepairer.Run(directory.Path, "readings-0"));
        Assert.Equal((lost, lost + 1, false), (dry.Lost[0].FromOffset, dry.Lost[0].ToOffset, dry.IsRepaired));
        PartitionRepairResult[] repaired = [.. LogRepairer.Run(directory.Path, acceptLoss: true)];
        Assert.Equal(["readings-0"], repaired.Where(static r => r.IsRepaired).Select(static r => r.Name));
        Assert.True(File.Exists(Path.Combine(directory.Path, Assert.Single(repaired.SelectMany(static r => r.Kept)))));
        await using (LogEngine engine = await LogEngine.OpenAsync(options, TestContext.Current.CancellationToken))
        {
            Assert.Empty(engine.Damage);
            Partition partition = engine.Topics.Single(static t => t.Name == "readings").Partitions[0];
            Assert.Equal(20, await partition.AppendAsync(default, new byte[1], cancellationToken: TestContext.Current.CancellationToken));
            var seen = new List<long>();
            await foreach (Record record in partition.ReadRecordsAsync(0, cancellationToken: TestContext.Current.CancellationToken))
            {
                seen.Add(record.Offset);
            }

            Assert.Equal(Enumerable.Range(0, 21).Select(static i => (long)i).Where(i => i != lost), seen);
        }

        Assert.Throws<DirectoryNotFoundException>(() => LogRepairer.Run(directory.Path, "nothing-0"));
    }
}
