using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using LogQueue.Records;
using LogQueue.Storage;
using LogQueue.Storage.Files;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Compaction;

/// <summary>Cleaning on the real disk: beside readers, and of partition directories that Apache Kafka wrote.</summary>
public sealed class CompactionReadTests : IDisposable
{
    private readonly string _root = System.IO.Directory.CreateTempSubdirectory("lq-clean-").FullName;

    public void Dispose() => System.IO.Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task Readers_see_every_last_value_while_segments_are_swapped()
    {
        using var rig = new StorageRig(DiskStorageDevice.Create(), CompactionRig.Small, directory: Path.Combine(_root, "topic-0"));
        for (int i = 0; i < 8; i++)
        {
            CompactionRig.Append(rig.Log, CompactionRig.Batch([($"fixed{i}", "stays"), ("moves", $"{i}")]));
            CompactionRig.RollAndSeal(rig.Log);
        }

        using var stop = new CancellationTokenSource();
        int[] finished = new int[2];
        Task<int>[] readers = [.. Enumerable.Range(0, 2).Select(n => Task.Run(() =>
        {
            int rounds = 0;
            for (; !stop.IsCancellationRequested; rounds++)
            {
                SortedDictionary<string, KeyedRecord> last = CompactionRig.LastOf(CompactionRig.Read(rig.Log, maxBytes: 100 + (rounds % 700)));
                Assert.Equal(8, last.Keys.Count(static k => k.StartsWith("fixed", StringComparison.Ordinal)));
                Assert.NotNull(rig.Log.FindOffset(TestBatches.StartMs));
                Assert.NotNull(rig.Log.FindMaxTimestamp());
                Volatile.Write(ref finished[n], rounds + 1);
            }

            return rounds;
        }))];
        for (int i = 0; i < 60; i++)
        {
            CompactionRig.Append(rig.Log, CompactionRig.Batch([("moves", $"again {i}"), ($"other{i % 5}", $"{i}")]));
            CompactionRig.RollAndSeal(rig.Log);
            CompactionRig.Clean(rig.Log, mostKeys: 3 + (i % 10), seed: i);
        }

        while (finished.Any(static rounds => rounds == 0) && !readers.Any(static reader => reader.IsCompleted))
        {
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }

        await stop.CancelAsync();
        Assert.All(await Task.WhenAll(readers), static rounds => Assert.True(rounds > 0));
        Assert.InRange(rig.Log.SegmentCount, 2, 8);
    }

    [Theory]
    [InlineData("devices-compacted", 1200)]
    [InlineData("orders-txn", 2460)]
    public void A_directory_of_Kafka_is_cleaned_and_keeps_what_Kafka_would(string topic, long logEnd)
    {
        using (FileStream file = File.OpenRead(Path.Combine(AppContext.BaseDirectory, "TestData", "kafka-data-dir.tar.gz")))
        using (var unzipped = new GZipStream(file, CompressionMode.Decompress))
        {
            TarFile.ExtractToDirectory(unzipped, _root, overwriteFiles: false);
        }

        Dictionary<string, string> expected = [];
        foreach (string line in File.ReadLines(Path.Combine(_root, "expected-read_committed.csv"))
            .Where(l => l.StartsWith($"{topic},0,", StringComparison.Ordinal)))
        {
            string[] words = line.Split(',');
            expected[words[4]] = $"{words[2]},{words[3]},{words[5]}";
        }

        static IEnumerable<KeyValuePair<string, string>> Values(Dictionary<string, string> all) =>
            all.Where(static p => !p.Value.EndsWith(",null", StringComparison.Ordinal)).OrderBy(static p => p.Key, StringComparer.Ordinal);

        string directory = Path.Combine(_root, "kafka-data-dir", $"{topic}-0");
        var options = new LogOptions { Compacted = true, RetentionMs = -1 };
        for (int round = 0; round < 3; round++)
        {
            using var rig = new StorageRig(DiskStorageDevice.Create(), options, directory: directory, clean: round == 0);
            Assert.Empty(rig.Log.Recovery.Damage);
            Assert.Equal(logEnd, rig.Log.LogEndOffset);
            rig.Log.Roll();
            rig.Log.Commit();
            rig.Log.Maintain(rig.Time.GetUtcNow());
            Assert.True(CompactionRig.Clean(rig.Log, mostKeys: round == 0 ? 50 : 100_000).IsComplete);
            Dictionary<string, string> seen = [];
            int count = 0;
            foreach ((byte[] batch, bool isAborted) in CompactionRig.Batches(rig.Log, ReadIsolation.Committed, 100_000))
            {
                if (isAborted || new RecordBatchView(batch).IsControl)
                {
                    continue;
                }

                using RecordBatchReader reader = RecordBatchReader.Open(batch);
                while (reader.TryRead(out LogQueue.Records.Record record))
                {
                    string value = record.Value is { } v ? Convert.ToHexStringLower(SHA256.HashData(v.Span))[..16] : "null";
                    seen[Convert.ToHexStringLower(record.Key!.Value.Span)] = $"{record.Offset},{record.TimestampMs},{value}";
                    count++;
                }
            }

            Assert.Equal(Values(expected), Values(seen));
            Assert.Equal(seen.Count, count);
            Assert.All(seen, p => Assert.Equal(expected[p.Key], p.Value)); // tombstones whose horizon Kafka had set may be gone by now
        }
    }
}
