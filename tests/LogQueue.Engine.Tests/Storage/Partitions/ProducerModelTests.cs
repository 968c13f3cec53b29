using CsCheck;
using LogQueue.Storage;
using LogQueue.Storage.Partitions;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Partitions;

/// <summary>
/// Producer state and transactions against a naive model that keeps every batch ever appended: what is accepted, recognised and refused,
/// the last stable offset, and which transactions were aborted. Snapshots and reopening change nothing.
/// </summary>
public sealed class ProducerModelTests
{
    private const int Producers = 3;

    private static readonly Gen<List<(int Kind, int Producer, int A)>> Scripts =
        Gen.Select(Gen.Int[0, 99], Gen.Int[1, Producers], Gen.Int[0, 1000], static (k, p, a) => (k, p, a)).List[1, 70];

    private static readonly LogOptions Small = new() { SegmentBytes = 1500, IndexIntervalBytes = 200, PreallocateFirstBytes = 512, RetentionMs = -1 };

    [Fact]
    public void Sequences_and_transactions_are_as_in_a_list_of_all_batches() => Scripts.Sample(static steps =>
    {
        var model = new Model();
        var device = new SimulatedStorageDevice(StorageRig.Root);
        var rig = new StorageRig(device, Small);
        foreach ((int kind, int producer, int a) in steps)
        {
            switch (kind)
            {
                case < 55:
                    Append(model, rig, producer, a, transactional: a % 2 == 0);
                    break;
                case < 75:
                    Mark(model, rig, producer, commit: a % 2 == 0);
                    break;
                case < 80:
                    rig.Log.Roll();
                    break;
                case < 86:
                    rig.Log.Maintain(rig.Time.GetUtcNow());
                    break;
                case < 91:
                    rig.Log.CloseAsync().GetAwaiter().GetResult();
                    rig = new StorageRig(device, Small, clean: true);
                    break;
                case < 95:
                    rig.Dispose();
                    rig = new StorageRig(device, Small);
                    break;
                default:
                    rig.Log.Commit();
                    rig.Dispose();
                    device = device.Crash(a);
                    rig = new StorageRig(device, Small);
                    break;
            }

            rig.Log.Commit();
            Compare(model, rig.Log, a);
        }

        rig.Dispose();
    }, iter: 300, threads: 1);

    private static void Append(Model model, StorageRig rig, int producer, int a, bool transactional)
    {
        Known known = model.Producers[producer];
        short epoch = (short)Math.Max(0, known.Epoch + (a % 20 == 7 ? 1 : a % 20 == 8 ? -1 : 0));
        int next = known.Batches.Count == 0 ? 0 : known.Batches[^1].Last + 1;
        int sequence = (a % 10) switch { 0 => next + 1, 1 => Math.Max(0, next - 2), 2 when known.Batches.Count > 0 => known.Batches[^((a % Math.Min(5, known.Batches.Count)) + 1)].First, _ => next };
        sequence = epoch > known.Epoch ? a % 3 == 0 ? 1 : 0 : sequence;
        int count = (a % 10) == 2 && known.Batches.Find(b => b.First == sequence) is { Count: > 0 } same ? same.Count : 1 + (a % 2);
        byte[] batch = TestBatches.Build(count, a, producerId: producer, producerEpoch: epoch, baseSequence: sequence, transactional: transactional);
        (AppendStatus status, long offset) = model.Expect(known, epoch, sequence, count, transactional);
        AppendResult result = rig.Log.Append(batch, AppendOrigin.Client);
        Assert.Equal(status, result.Status);
        if (status is AppendStatus.Appended or AppendStatus.Duplicate)
        {
            Assert.Equal(offset, result.BaseOffset);
        }
    }

    private static void Mark(Model model, StorageRig rig, int producer, bool commit)
    {
        Known known = model.Producers[producer];
        if (known.Epoch < 0)
        {
            return;
        }

        AppendResult result = rig.Log.Append(TestBatches.Marker(producer, known.Epoch, commit), AppendOrigin.Internal);
        Assert.Equal((AppendStatus.Appended, model.End), (result.Status, result.BaseOffset));
        if (known.OpenSince >= 0 && !commit)
        {
            model.Aborted.Add((producer, known.OpenSince, model.End));
        }

        known.OpenSince = -1;
        model.End++;
    }

    private static void Compare(Model model, PartitionLog log, int a)
    {
        Assert.Equal(model.End, log.LogEndOffset);
        Assert.Equal(model.End, log.HighWatermark);
        long[] open = [.. model.Producers.Values.Where(static p => p.OpenSince >= 0).Select(static p => p.OpenSince)];
        long stable = open.Length == 0 ? model.End : open.Min();
        Assert.Equal(stable, log.LastStableOffset);
        long from = a % (stable + 1);
        ReadResult result = log.Read(from, 1 << 20, ReadIsolation.Committed, atLeastOneBatch: true);
        if (result.Records.IsEmpty)
        {
            return;
        }

        byte[] bytes = new byte[result.Records.LengthBytes];
        result.Records.CopyTo(bytes);
        result.Records.Dispose();
        long to = StorageRig.Decode(bytes, from, []);
        Assert.Equal(model.Aborted.Where(t => t.Marker >= from && t.First < to).Select(static t => new AbortedTransaction(t.Producer, t.First)).OrderBy(static t => (t.FirstOffset, t.ProducerId)),
            result.AbortedTransactions.OrderBy(static t => (t.FirstOffset, t.ProducerId)));
    }

    private sealed class Known
    {
        public short Epoch { get; set; } = -1;

        public List<(int First, int Last, int Count, long Offset)> Batches { get; } = [];

        public long OpenSince { get; set; } = -1;
    }

    private sealed class Model
    {
        public Dictionary<int, Known> Producers { get; } = Enumerable.Range(1, ProducerModelTests.Producers).ToDictionary(static i => i, static _ => new Known());

        public List<(int Producer, long First, long Marker)> Aborted { get; } = [];

        public long End { get; set; }

        public (AppendStatus Status, long Offset) Expect(Known known, short epoch, int sequence, int count, bool transactional)
        {
            if (known.Epoch >= 0 && epoch < known.Epoch)
            {
                return (AppendStatus.InvalidProducerEpoch, -1);
            }

            bool isNew = known.Epoch < 0 || epoch > known.Epoch;
            if (!isNew)
            {
                foreach ((int first, int last, _, long offset) in known.Batches.TakeLast(5))
                {
                    if (first == sequence && last == sequence + count - 1)
                    {
                        return (AppendStatus.Duplicate, offset);
                    }
                }

                if (!transactional && known.OpenSince >= 0)
                {
                    return (AppendStatus.InvalidTransactionState, -1);
                }
            }

            int expected = isNew && known.Epoch >= 0 ? 0 : known.Batches.Count == 0 ? isNew ? sequence : 0 : known.Batches[^1].Last + 1;
            if (sequence != expected)
            {
                return (AppendStatus.OutOfOrderSequence, -1);
            }

            if (isNew)
            {
                known.Batches.Clear();
                known.Epoch = epoch;
            }

            known.Batches.Add((sequence, sequence + count - 1, count, End));
            known.OpenSince = transactional && known.OpenSince < 0 ? End : known.OpenSince;
            End += count;
            return (AppendStatus.Appended, End - count);
        }
    }
}
