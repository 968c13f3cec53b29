using LogQueue.Records;
using LogQueue.Storage;
using LogQueue.Storage.Files;
using LogQueue.Storage.Journal;
using LogQueue.Storage.Maintenance;
using LogQueue.Storage.Partitions;
using LogQueue.TestKit.Storage;
using Microsoft.Extensions.Time.Testing;

namespace LogQueue.Engine.Tests.Storage.Journal;

/// <summary>Several logs of one data directory that commit through a small journal, in the caller's thread: deterministic.</summary>
internal sealed class JournalRig : ICommitLog, IDisposable
{
    private static readonly LogOptions Small = new()
    {
        SegmentBytes = 6000,
        IndexIntervalBytes = 300,
        PreallocateFirstBytes = 1024,
        PreallocateStepBytes = 2048,
        RetentionMs = -1,
    };

    private readonly PartitionLogContext _context;
    private readonly CommitRound _round;
    private readonly FakeTimeProvider _time = new(DateTimeOffset.FromUnixTimeMilliseconds(TestBatches.StartMs));

    public JournalRig(SimulatedStorageDevice device, int journalFileBytes = 6 * 4096, Action<Action>? background = null)
    {
        Device = device;
        Replay = JournalReplay.Run(device, StorageRig.Root);
        Journal = new CommitJournal(device, StorageRig.Root, Fence, background ?? (static work => work()), journalFileBytes);
        _round = new CommitRound(new CommitLoopOptions { JournalMostLogBytes = 2000 }, Fence, Journal);
        _context = new PartitionLogContext { Device = device, TimeProvider = _time, Fence = Fence, CommitLog = this };
    }

    public SimulatedStorageDevice Device { get; }

    public DirectoryFence Fence { get; } = new();

    public JournalReplayReport Replay { get; }

    public CommitJournal Journal { get; }

    public Dictionary<string, PartitionLog> Logs { get; } = [];

    public PartitionLog Open(string name)
    {
        PartitionLog log = PartitionLog.Open(
            _context, $"{StorageRig.Root}/{name}", new TopicPartition(name, 0), Small, cleanShutdown: false);
        Logs[name] = log;
        return log;
    }

    /// <summary>One round over all logs.</summary>
    public void CommitAll() => _round.Run([.. Logs.Values]);

    public void Written(PartitionLog log, int bytes)
    {
        // Rounds are run by the test.
    }

    public void Demand(PartitionLog log) => _round.Run([log]);

    public void Forget(string directory) => Journal.Forget(directory);

    public void Dispose()
    {
        foreach (PartitionLog log in Logs.Values)
        {
            log.Dispose();
        }

        Journal.Dispose();
    }
}
