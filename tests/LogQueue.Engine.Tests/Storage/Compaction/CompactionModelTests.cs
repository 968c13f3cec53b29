using CsCheck;
using LogQueue.Records;
using LogQueue.Storage;
using LogQueue.Storage.Partitions;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Compaction;

/// <summary>
/// Random appends, tombstones, transactions, rolls, passes with tiny tables, restarts and power cuts against a model: what a reader of the
/// log sees is the last value of each key below the cleaned offset, and everything after it, in order, at its old offsets.
/// </summary>
public sealed class CompactionModelTests
{
    private static readonly CompressionType[] Codecs =
        [CompressionType.None, CompressionType.Gzip, CompressionType.Snappy, CompressionType.Lz4, CompressionType.Zstd];

    private static readonly Gen<List<(int Kind, int A, int B)>> Scripts =
        Gen.Select(Gen.Int[0, 99], Gen.Int[0, 1000], Gen.Int[0, 1000], static (k, a, b) => (k, a, b)).List[1, 70];

    [Fact]
    public void A_compacted_log_is_the_last_value_of_each_key() =>
        Scripts.Sample(Run, iter: Environment.GetEnvironmentVariable("LOGQUEUE_LONG") == "1" ? 20_000 : 500, threads: 1);

    private static void Run(List<(int Kind, int A, int B)> steps)
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        var rig = new StorageRig(device, CompactionRig.Small);
        var model = new Model();
        TimeSpan passed = TimeSpan.Zero;
        foreach ((int kind, int a, int b) in steps)
        {
            switch (kind)
            {
                case < 35:
                    model.Append(rig.Log, Records(a, b), Codecs[b % Codecs.Length], producer: -1, transactional: false);
                    break;
                case < 42:
                    model.Append(rig.Log, Records(a, b), Codecs[b % Codecs.Length], producer: a % 2, transactional: false);
                    break;
                case < 55:
                    model.Append(rig.Log, Records(a, b), Codecs[b % Codecs.Length], producer: 10 + (a % 3), transactional: true);
                    break;
                case < 64:
                    model.End(rig.Log, 10 + (a % 3), commit: b % 2 == 0);
                    break;
                case < 76:
                    CompactionRig.RollAndSeal(rig.Log);
                    break;
                case < 91:
                    rig.Log.Commit();
                    model.Clean(rig, mostKeys: 1 + (a % 20), seed: b);
                    break;
                case < 95:
                    TimeSpan step = TimeSpan.FromMilliseconds(a);
                    rig.Time.Advance(step);
                    passed += step;
                    break;
                default:
                    rig.Log.Commit();
                    rig.Dispose();
                    device = kind == 99 ? device : device.Crash(a);
                    rig = new StorageRig(device, CompactionRig.Small);
                    rig.Time.Advance(passed);
                    model.Retry(rig.Log);
                    break;
            }

            model.Compare(rig.Log);
        }

        rig.Dispose();
    }

    private static List<(string Key, string? Value)> Records(int a, int b)
    {
        var random = new Random((a * 1001) + b);
        return [.. Enumerable.Range(0, random.Next(1, 5)).Select(_ =>
            ($"k{random.Next(6)}", random.Next(4) == 0 ? null : new string('v', random.Next(1, 60)) + random.Next()))];
    }

    private sealed class Model
    {
        private readonly List<Batch> _batches = [];
        private readonly Dictionary<int, int> _sequences = [];
        private readonly Dictionary<int, (byte[] Bytes, long Offset)> _lastOf = [];

        public void Append(PartitionLog log, List<(string Key, string? Value)> records, CompressionType codec, int producer, bool transactional)
        {
            int sequence = producer < 0 ? -1 : _sequences.GetValueOrDefault(producer);
            long timestamp = TestBatches.StartMs + _batches.Count;
            byte[] bytes = CompactionRig.Batch(records, timestamp, codec, producer, sequence, transactional);
            byte[] copy = [.. bytes];
            long offset = CompactionRig.Append(log, bytes);
            if (producer >= 0)
            {
                _sequences[producer] = sequence + records.Count;
                _lastOf[producer] = (copy, offset);
            }

            _batches.Add(new Batch(
                [.. records.Select((r, i) => new KeyedRecord(offset + i, r.Key, r.Value, timestamp + i))], transactional ? producer : -1));
        }

        public void End(PartitionLog log, int producer, bool commit)
        {
            CompactionRig.Append(log, TestBatches.Marker(producer, 0, commit));
            foreach (Batch batch in _batches.Where(batch => batch.Producer == producer && batch.IsCommitted is null))
            {
                batch.IsCommitted = commit;
            }
        }

        /// <summary>A producer that sends its last batch again is known, whatever the cleaner took of it.</summary>
        public void Retry(PartitionLog log)
        {
            foreach ((byte[] bytes, long offset) in _lastOf.Values)
            {
                AppendResult result = log.Append((byte[])bytes.Clone(), AppendOrigin.Client);
                Assert.Equal((AppendStatus.Duplicate, offset), (result.Status, result.BaseOffset));
            }
        }

        public void Clean(StorageRig rig, int mostKeys, int seed)
        {
            long now = rig.Time.GetUtcNow().ToUnixTimeMilliseconds();
            if (rig.Log.PlanCleaning(rig.Time.GetUtcNow()) is not { Segments.Length: > 0 } plan)
            {
                return;
            }

            CompactionRig.Clean(rig.Log, mostKeys, seed);
            long end = plan.EndOffset;
            Dictionary<string, long> last = [];
            foreach (KeyedRecord record in _batches.Where(static b => b.IsVisible).SelectMany(static b => b.Records).Where(r => r.Offset < end))
            {
                last[record.Key] = record.Offset;
            }

            foreach (Batch batch in _batches)
            {
                if (batch.Producer >= 0 && batch.IsCommitted == false)
                {
                    batch.Records.RemoveAll(r => r.Offset < end);
                    continue;
                }

                bool isPast = batch.HorizonMs is { } horizon && horizon <= now;
                batch.Records.RemoveAll(r => r.Offset < end && (last[r.Key] > r.Offset || (r.Value is null && isPast)));
                if (batch.HorizonMs is null && batch.Records.Exists(r => r.Offset < end && r.Value is null))
                {
                    batch.HorizonMs = now + CompactionRig.Small.DeleteRetentionMs;
                }
            }
        }

        public void Compare(PartitionLog log)
        {
            Assert.Empty(log.Recovery.Damage);
            KeyedRecord[] expected = [.. _batches.Where(static b => b.IsVisible).SelectMany(static b => b.Records)
                .Where(r => r.Offset < log.LastStableOffset).OrderBy(static r => r.Offset)];
            Assert.Equal(expected, CompactionRig.Read(log));
        }

        private sealed class Batch(List<KeyedRecord> records, int producer)
        {
            public List<KeyedRecord> Records { get; } = records;

            public int Producer { get; } = producer;

            public bool? IsCommitted { get; set; }

            public bool IsVisible => Producer < 0 || IsCommitted == true;

            public long? HorizonMs { get; set; }
        }
    }
}
