using System.Buffers.Binary;
using LogQueue.Records;
using LogQueue.Storage;
using LogQueue.Storage.Files;
using LogQueue.Storage.Journal;
using LogQueue.Storage.Maintenance;
using LogQueue.Storage.Partitions;
using LogQueue.TestKit.Oracle;
using LogQueue.TestKit.Storage;
using Microsoft.Extensions.Time.Testing;

namespace LogQueue.Engine.Tests.Storage.Crashes;

/// <summary>
/// A data directory of a few tiny logs on a simulated disk, all in the caller's thread. With a journal it runs; without one it only looks
/// at what a crash left (the journal that lies there is replayed in both cases).
/// </summary>
internal sealed class CrashRig : ICommitLog, IDisposable
{
    public static readonly LogOptions Small = new()
    {
        SegmentBytes = 1600,
        IndexIntervalBytes = 200,
        PreallocateFirstBytes = 512,
        PreallocateStepBytes = 1024,
        RetentionMs = -1,
    };

    private const int JournalFileBytes = 5 * 4096;

    private readonly CommitRound _round;
    private readonly CommitJournal? _journal;
    private readonly PartitionLogContext _context;
    private readonly bool _clean;

    public CrashRig(SimulatedStorageDevice device, bool runs, bool publishDurableOnly = true, bool clean = false, int handles = 4)
    {
        _clean = clean;
        Device = device;
        Replay = JournalReplay.Run(device, StorageRig.Root);
        _journal = runs ? new CommitJournal(device, StorageRig.Root, Fence, static work => work(), JournalFileBytes) : null;
        _round = new CommitRound(new CommitLoopOptions { JournalMostLogBytes = 900 }, Fence, _journal);
        _context = new PartitionLogContext
        {
            Device = device,
            TimeProvider = Time,
            Fence = Fence,
            CommitLog = this,
            PublishDurableOnly = publishDurableOnly,
            FileBudget = new LeaseBudget(handles) { SyncFailed = Fence.Trip },
            MapBudget = new LeaseBudget(4),
        };
    }

    public static FakeTimeProvider Time { get; } = new(DateTimeOffset.FromUnixTimeMilliseconds(TestBatches.StartMs));

    public SimulatedStorageDevice Device { get; }

    public DirectoryFence Fence { get; } = new();

    public JournalReplayReport Replay { get; }

    public long JournalRounds => _journal?.Rounds ?? 0;

    public Dictionary<string, PartitionLog> Logs { get; } = [];

    public PartitionLog Open(string name)
    {
        PartitionLog log = PartitionLog.Open(_context, $"{StorageRig.Root}/{name}", new TopicPartition(name, 0), Small, _clean);
        Logs[name] = log;
        return log;
    }

    public void CommitAll() => _round.Run([.. Logs.Values]);

    /// <summary>Closes all in order, as an engine does.</summary>
    public void Close()
    {
        foreach (PartitionLog log in Logs.Values)
        {
            log.CloseAsync().GetAwaiter().GetResult();
        }

        _journal?.Delete();
    }

    /// <summary>Everything that readers find in a log.</summary>
    public static FoundLog Find(PartitionLog log)
    {
        var records = new List<FoundRecord>();
        _ = Read(log, log.LogStartOffset, ReadIsolation.LogEnd, 1 << 20, records, null);
        HashSet<long> committed = [];
        _ = Read(log, log.LogStartOffset, ReadIsolation.Committed, 700, null, committed);
        return new FoundLog
        {
            LogStart = log.LogStartOffset,
            End = log.LogEndOffset,
            LastStable = log.LastStableOffset,
            Records = records,
            CommittedTags = committed,
            Damage = log.Recovery.Damage.Count == 0 ? null : string.Join("; ", log.Recovery.Damage),
        };
    }

    /// <summary>Reads from an offset to the end of what the isolation shows, as a consumer does. Returns the next offset.</summary>
    public static long Read(PartitionLog log, long from, ReadIsolation isolation, int maxBytes, List<FoundRecord>? all, HashSet<long>? committed)
    {
        while (true)
        {
            ReadResult result = log.Read(from, maxBytes, isolation, atLeastOneBatch: true);
            if (result.Status != ReadStatus.Ok)
            {
                throw new InvalidOperationException($"A read at {from} with {isolation} of at most {maxBytes} bytes was answered {result.Status}.");
            }

            if (result.Records.IsEmpty)
            {
                return from;
            }

            byte[] bytes = new byte[result.Records.LengthBytes];
            result.Records.CopyTo(bytes);
            result.Records.Dispose();
            long next = Decode(bytes, from, result.AbortedTransactions, all, committed);
            if (next <= from)
            {
                throw new InvalidOperationException($"A read at {from} made no progress.");
            }

            from = next;
        }
    }

    public void Written(PartitionLog log, int bytes)
    {
        // Rounds are run by the test.
    }

    public void Demand(PartitionLog log) => _round.Run([log]);

    public void Forget(string directory) => _journal?.Forget(directory);

    public void Dispose()
    {
        foreach (PartitionLog log in Logs.Values)
        {
            log.Dispose();
        }

        _journal?.Dispose();
    }

    private static long Decode(byte[] bytes, long from, AbortedTransaction[] aborted, List<FoundRecord>? all, HashSet<long>? committed)
    {
        var abortedNow = new HashSet<long>();
        var toCome = new Queue<AbortedTransaction>(aborted.OrderBy(static a => a.FirstOffset));
        long next = from;
        int size;
        for (int at = 0; at < bytes.Length; at += size)
        {
            if (!RecordBatchView.TryReadSize(bytes.AsSpan(at), out size) || at + size > bytes.Length)
            {
                throw new InvalidOperationException("A read returned part of a batch.");
            }

            var view = new RecordBatchView(bytes.AsSpan(at, size));
            if (!view.IsChecksumValid)
            {
                throw new InvalidOperationException($"A read returned a batch with a wrong checksum at {view.BaseOffset}.");
            }

            if (view.PartitionLeaderEpoch != 0)
            {
                throw new InvalidOperationException($"A read returned a batch of leader epoch {view.PartitionLeaderEpoch}, which never was.");
            }

            next = view.NextOffset;
            while (toCome.TryPeek(out AbortedTransaction first) && first.FirstOffset <= view.LastOffset)
            {
                abortedNow.Add(toCome.Dequeue().ProducerId);
            }

            if (view.IsControl)
            {
                abortedNow.Remove(view.ProducerId);
                all?.Add(new FoundRecord(view.BaseOffset, DurabilityOracle.Marker));
                continue;
            }

            bool isAborted = view.IsTransactional && abortedNow.Contains(view.ProducerId);
            using RecordBatchReader reader = RecordBatchReader.Open(bytes.AsMemory(at, size));
            while (reader.TryRead(out LogQueue.Records.Record record))
            {
                if (record.Offset >= from)
                {
                    long tag = BinaryPrimitives.ReadInt64BigEndian(record.Value!.Value.Span);
                    all?.Add(new FoundRecord(record.Offset, tag));
                    if (!isAborted)
                    {
                        committed?.Add(tag);
                    }
                }
            }
        }

        return next;
    }
}
