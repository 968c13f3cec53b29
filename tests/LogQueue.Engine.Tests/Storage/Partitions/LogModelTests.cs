using CsCheck;
using LogQueue.Storage;
using LogQueue.Storage.Partitions;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Partitions;

/// <summary>Random runs against a model: a list of records, how many are acknowledged, and where the log starts.</summary>
public sealed class LogModelTests
{
    private static readonly LogOptions Small = new()
    {
        SegmentBytes = 1200,
        IndexIntervalBytes = 150,
        PreallocateFirstBytes = 256,
        PreallocateStepBytes = 1024,
        SegmentMs = 700,
        RetentionMs = -1,
    };

    private static readonly Gen<List<(int Kind, int A, int B)>> Scripts =
        Gen.Select(Gen.Int[0, 99], Gen.Int[0, 1000], Gen.Int[0, 1000], static (k, a, b) => (k, a, b)).List[1, 60];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_log_is_the_list_of_what_was_appended(bool publishDurableOnly) =>
        Scripts.Sample(steps => Run(steps, publishDurableOnly), iter: 400, threads: 1);

    [Theory]
    [InlineData("dO1Gm1BWrYx1")] // segments that recovery deleted came back with the next power cut
    public void What_was_found_once_stays_fixed(string seed) => Scripts.Sample(steps => Run(steps, publishDurableOnly: true), seed: seed, iter: 1, threads: 1);

    private static void Run(List<(int Kind, int A, int B)> steps, bool publishDurableOnly)
    {
        var model = new Model();
        var rig = new StorageRig(new SimulatedStorageDevice(StorageRig.Root), Small, publishDurableOnly);
        foreach ((int kind, int a, int b) in steps)
        {
            rig = Step(model, rig, kind, a, b, publishDurableOnly);
            Compare(model, rig.Log, a);
        }

        rig.Dispose();
    }

    private static StorageRig Step(Model model, StorageRig rig, int kind, int a, int b, bool publishDurableOnly)
    {
        PartitionLog log = rig.Log;
        var device = (SimulatedStorageDevice)rig.Device;
        switch (kind)
        {
            case < 50:
                int count = 1 + (a % 4);
                long timestamp = TestBatches.StartMs + b;
                AppendResult result = log.Append(TestBatches.Build(count, model.End, timestamp, a % 120), AppendOrigin.Client);
                Assert.Equal((AppendStatus.Appended, model.End), (result.Status, result.BaseOffset));
                for (int i = 0; i < count; i++)
                {
                    model.Records.Add(new SeenRecord(model.End, timestamp + i, model.End));
                }

                model.BatchEnds.Add(model.End);
                break;
            case < 70:
                log.Commit();
                model.Durable = model.End;
                break;
            case < 75:
                log.Roll();
                break;
            case < 80:
                long start = Math.Min(log.HighWatermark, log.LogStartOffset + (a % 5));
                log.AdvanceLogStart(start);
                model.Start = Math.Max(model.Start, start);
                model.Durable = Math.Max(model.Durable, log.RecoveryPoint);
                break;
            case < 84:
                log.Reconfigure(Small with { RetentionBytes = 3000 });
                log.Retain(rig.Time.GetUtcNow());
                Assert.True(log.LogStartOffset >= model.Start);
                model.Start = log.LogStartOffset;
                model.Durable = Math.Max(model.Durable, log.RecoveryPoint);
                break;
            case < 87:
                long cut = model.Start + (a % (model.End - model.Start + 1));
                log.TruncateTo(cut);
                model.CutTo(cut);
                break;
            case < 92:
                rig.Dispose();
                rig = new StorageRig(device, Small, publishDurableOnly);
                model.Durable = model.End; // a killed process loses nothing, and opening makes it durable
                break;
            case < 96:
                log.CloseAsync().GetAwaiter().GetResult();
                Assert.Equal(0, device.OpenFiles);
                rig = new StorageRig(device, Small, publishDurableOnly, clean: true);
                model.Durable = model.End;
                break;
            default:
                rig.Dispose();
                rig = new StorageRig(device.Crash(a), Small, publishDurableOnly);
                Assert.InRange(rig.Log.LogEndOffset, model.Durable, model.End);
                model.CutTo(rig.Log.LogEndOffset);
                model.Durable = model.End;
                break;
        }

        return rig;
    }

    private static void Compare(Model model, PartitionLog log, int a)
    {
        Assert.Empty(log.Recovery.Damage);
        Assert.Equal((model.Start, model.End), (log.LogStartOffset, log.LogEndOffset));
        long from = model.Start + (a % (model.End - model.Start + 1));
        Assert.Equal(model.From(from), StorageRig.ReadAll(log, from, ReadIsolation.LogEnd, maxBytes: 1 + a));
        Assert.All(StorageRig.ReadAll(log, model.Start, ReadIsolation.Uncommitted), r => Assert.True(r.Offset < log.HighWatermark));
        long time = TestBatches.StartMs + a;
        SeenRecord[] later = [.. model.From(model.Start).Where(r => r.TimestampMs >= time).Take(1)];
        long? expected = later.Length == 0 || later[0].Offset >= log.HighWatermark ? null : later[0].Offset;
        Assert.Equal(expected, log.FindOffset(time)?.Offset);
        SeenRecord[] readable = [.. model.From(model.Start).Where(r => r.Offset < log.HighWatermark)];
        Assert.Equal(readable.Length == 0 ? (long?)null : readable.MaxBy(static r => (r.TimestampMs, -r.Offset)).Offset, log.FindMaxTimestamp()?.Offset);
    }

    private sealed class Model
    {
        public List<SeenRecord> Records { get; } = [];

        public List<long> BatchEnds { get; } = [];

        public long Start { get; set; }

        public long Durable { get; set; }

        public long End => Records.Count;

        public IEnumerable<SeenRecord> From(long offset) => Records.Skip((int)offset);

        /// <summary>The batch that holds the offset goes whole.</summary>
        public void CutTo(long offset)
        {
            long end = BatchEnds.LastOrDefault(e => e <= offset);
            end = offset >= End ? End : Math.Max(end, Start <= end ? end : Start);
            Records.RemoveRange((int)end, (int)(End - end));
            BatchEnds.RemoveAll(e => e > end);
            Durable = Math.Min(Durable, end);
        }
    }
}
