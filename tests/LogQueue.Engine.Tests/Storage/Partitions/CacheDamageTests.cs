using LogQueue.Storage;
using LogQueue.Storage.Files;
using LogQueue.Storage.Partitions;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Partitions;

/// <summary>
/// Every bit of every file beside a log flipped, every length it can be cut to, and its loss: the log opens whole, and every answer that
/// comes from such a file (offsets, times, aborted transactions, epochs, sequences) is the same as before.
/// </summary>
public sealed class CacheDamageTests
{
    private const int Rounds = 24;
    private static readonly LogOptions Options = DamageRig.Options with { SegmentBytes = 2_000, IndexIntervalBytes = 200 };

    [Theory]
    [InlineData(".index", true)]
    [InlineData(".timeindex", true)]
    [InlineData(".txnindex", true)]
    [InlineData(".seal", true)]
    [InlineData(".snapshot", true)]
    [InlineData("leader-epoch-checkpoint", true)]
    [InlineData("recovery.ckpt", true)]
    [InlineData(".txnindex", false)]
    [InlineData("leader-epoch-checkpoint", false)]
    public void No_answer_changes(string suffix, bool isClosed)
    {
        SimulatedStorageDevice device = Written(isClosed);
        string[] files = [.. device.ListFiles(StorageRig.Directory).Where(n => n.EndsWith(suffix, StringComparison.Ordinal))];
        Assert.NotEmpty(files);
        string[] chosen = DamageRig.IsLong ? files : [.. new[] { files[0], files[^1] }.Distinct()];
        using (var rig = new StorageRig(device.Copy(), Options))
        {
            Check(rig.Log, "undamaged");
        }

        foreach (string path in chosen.Select(static n => $"{StorageRig.Directory}/{n}"))
        {
            long bytes = device.FileLength(path);
            Damage(device, path, static (d, p) => d.Delete(p), "lost");
            for (long length = 0; length < Math.Min(bytes, 200); length++)
            {
                Damage(device, path, (d, p) => Cut(d, p, length), $"cut to {length} bytes");
            }

            for (long bit = 0; bit < bytes * 8; bit++)
            {
                if (bytes < RecoveryCheckpoint.SlotBytes || bit / 8 % RecoveryCheckpoint.SlotBytes < 80 || bit % 1024 == 0)
                {
                    Damage(device, path, (d, p) => d.FlipBit(p, bit), $"bit {bit} flipped");
                }
            }
        }
    }

    private static void Damage(SimulatedStorageDevice whole, string path, Action<SimulatedStorageDevice, string> damage, string what)
    {
        SimulatedStorageDevice device = whole.Copy();
        damage(device, path);
        using var rig = new StorageRig(device, Options);
        Check(rig.Log, $"{path} {what}");
    }

    private static void Cut(SimulatedStorageDevice device, string path, long length)
    {
        using IStorageFile file = device.Open(path, StorageOpenMode.ReadWrite);
        file.Truncate(length);
    }

    private static void Check(PartitionLog log, string how)
    {
        Assert.True(log.Damage.Count == 0, $"{how}: {string.Join("; ", log.Damage)}");
        List<SeenRecord> seen = StorageRig.ReadAll(log, 0, ReadIsolation.Uncommitted);
        Assert.True(seen.Select(static r => r.Tag).SequenceEqual(Enumerable.Range(0, Rounds * 2).Select(static i => (long)i)), $"{how}: wrong records");
        foreach (SeenRecord record in seen)
        {
            Assert.True(log.FindOffset(record.TimestampMs)!.Value.Offset == record.Offset, $"{how}: wrong answer for time {record.TimestampMs}");
        }

        var aborted = new HashSet<AbortedTransaction>();
        for (long offset = 0; offset < log.LogEndOffset;)
        {
            ReadResult read = log.Read(offset, 700, ReadIsolation.Committed, atLeastOneBatch: true);
            Assert.False(read.Records.IsEmpty);
            aborted.UnionWith(read.AbortedTransactions);
            byte[] bytes = new byte[read.Records.LengthBytes];
            read.Records.CopyTo(bytes);
            read.Records.Dispose();
            offset = StorageRig.Decode(bytes, offset, []);
        }

        Assert.True(aborted.SetEquals(Enumerable.Range(0, Rounds).Where(static i => i % 2 == 1).Select(static i => new AbortedTransaction(7, (i * 3L) + 1))),
            $"{how}: aborted are {string.Join(", ", aborted)}");
        Assert.Equal(new EpochEndOffset(0, log.LogEndOffset), log.FindEpochEnd(0));
        Assert.Equal(0, log.LeaderEpoch);
        Assert.Equal(log.LogEndOffset, log.LastStableOffset);
        Assert.True(log.Append(Plain(Rounds - 1), AppendOrigin.Client).Status == AppendStatus.Duplicate, $"{how}: a producer's batch is not known any more");
        Assert.True(log.Append(Plain(Rounds + 5), AppendOrigin.Client).Status == AppendStatus.OutOfOrderSequence, $"{how}: a sequence is skipped");
        Assert.Equal(AppendStatus.Appended, log.Append(Plain(Rounds), AppendOrigin.Client).Status);
    }

    /// <summary>Rounds of three offsets: an idempotent record, a transactional one, its marker; every second transaction is aborted.</summary>
    private static SimulatedStorageDevice Written(bool isClosed)
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        using var rig = new StorageRig(device, Options);
        for (int i = 0; i < Rounds; i++)
        {
            Assert.Equal(AppendStatus.Appended, rig.Log.Append(Plain(i), AppendOrigin.Client).Status);
            byte[] batch = TestBatches.Build(1, (i * 2) + 1, TimeOf(i, 1), 120, producerId: 7, producerEpoch: 0, baseSequence: i, transactional: true);
            Assert.Equal(AppendStatus.Appended, rig.Log.Append(batch, AppendOrigin.Client).Status);
            Assert.Equal(AppendStatus.Appended, rig.Log.Append(
                TestBatches.Marker(7, 0, commit: i % 2 == 0, timestampMs: TimeOf(i, 1)), AppendOrigin.Internal).Status);
            rig.Log.Commit();
        }

        rig.Log.Maintain(rig.Time.GetUtcNow());
        Assert.True(rig.Log.SegmentCount >= 4);
        if (isClosed)
        {
            rig.Log.CloseAsync().GetAwaiter().GetResult();
        }

        return device.Copy();
    }

    private static byte[] Plain(int round) =>
        TestBatches.Build(1, round * 2, TimeOf(round, 0), 120, producerId: 4, producerEpoch: 0, baseSequence: round);

    private static long TimeOf(int round, int record) => TestBatches.StartMs + (round * 20) + (record * 10);
}
