using LogQueue.Records;
using LogQueue.Storage;
using LogQueue.Storage.Files;
using LogQueue.Storage.Maintenance;
using LogQueue.Storage.Partitions;
using LogQueue.TestKit.Storage;
using Microsoft.Extensions.Time.Testing;

namespace LogQueue.Engine.Tests.Storage.Maintenance;

public sealed class CommitLoopTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly SimulatedStorageDevice _device = new("/data");
    private readonly FakeTimeProvider _time = new(DateTimeOffset.FromUnixTimeMilliseconds(TestBatches.StartMs));
    private readonly DirectoryFence _fence = new();
    private readonly CommitLoop _loop;
    private readonly PartitionLogContext _context;

    public CommitLoopTests()
    {
        _loop = new CommitLoop(new CommitLoopOptions { FlushIntervalMs = 100, FlushBytes = 10_000 }, _time, _fence);
        _loop.Start();
        _context = new PartitionLogContext { Device = _device, TimeProvider = _time, Fence = _fence, CommitLog = _loop };
    }

    [Fact]
    public async Task Many_waiters_share_a_sync_and_all_are_answered()
    {
        using PartitionLog log = Open("t-0");
        long before = _device.Syncs;
        const int Producers = 16;
        const int Batches = 50;
        await Task.WhenAll(Enumerable.Range(0, Producers).Select(p => Task.Run(async () =>
        {
            for (int i = 0; i < Batches; i++)
            {
                AppendResult result = log.Append(TestBatches.Build(1, p), AppendOrigin.Client);
                await log.WaitUntilDurableAsync(result.NextOffset, CancellationToken.None);
                Assert.True(log.RecoveryPoint >= result.NextOffset);
                Assert.True(log.HighWatermark >= result.NextOffset);
            }
        }))).WaitAsync(Patience);
        Assert.Equal(Producers * Batches, log.LogEndOffset);
        Assert.InRange(_device.Syncs - before, 1, Producers * Batches);
        Assert.Equal(Producers * Batches, StorageRig.ReadAll(log, 0, ReadIsolation.Uncommitted).Count);
    }

    [Fact]
    public async Task A_write_that_nobody_waits_for_is_synced_after_the_interval()
    {
        using PartitionLog log = Open("t-0");
        log.Append(TestBatches.Build(1, 0), AppendOrigin.Client);
        await Task.Delay(50);
        Assert.Equal(0, log.RecoveryPoint);
        _time.Advance(TimeSpan.FromMilliseconds(100));
        await Until(() => log.RecoveryPoint == 1);
    }

    [Fact]
    public async Task Many_bytes_are_synced_at_once()
    {
        using PartitionLog log = Open("t-0");
        log.Append(TestBatches.Build(1, 0, valueBytes: 20_000), AppendOrigin.Client);
        await Until(() => log.RecoveryPoint == 1);
    }

    [Fact]
    public async Task Flush_messages_is_honoured()
    {
        using PartitionLog log = Open("t-0", new LogOptions { FlushMessages = 3 });
        log.Append(TestBatches.Build(2, 0), AppendOrigin.Client);
        await Task.Delay(30);
        Assert.Equal(0, log.RecoveryPoint);
        log.Append(TestBatches.Build(1, 2), AppendOrigin.Client);
        await Until(() => log.RecoveryPoint == 3);
    }

    [Fact]
    public async Task A_failed_sync_fails_everybody_and_nothing_is_synced_again()
    {
        using PartitionLog one = Open("t-0");
        using PartitionLog two = Open("t-1");
        _device.Fault = static o => o.Kind == "sync" ? new SimulatedFault(StorageError.InputOutput) : null;
        AppendResult first = one.Append(TestBatches.Build(1, 0), AppendOrigin.Client);
        AppendResult second = two.Append(TestBatches.Build(1, 0), AppendOrigin.Client);
        await Assert.ThrowsAsync<LogOfflineException>(() => one.WaitUntilDurableAsync(first.NextOffset, default).AsTask().WaitAsync(Patience));
        await Assert.ThrowsAsync<LogOfflineException>(() => two.WaitUntilDurableAsync(second.NextOffset, default).AsTask().WaitAsync(Patience));
        Assert.IsType<StorageException>(await _fence.Tripped.WaitAsync(Patience));
        _device.Fault = null;
        long syncs = _device.Syncs;
        Assert.Equal(AppendStatus.Offline, one.Append(TestBatches.Build(1, 0), AppendOrigin.Client).Status);
        one.RequestCommit();
        await one.CloseAsync();
        Assert.Equal(syncs, _device.Syncs);
        Assert.Equal(0, one.HighWatermark);
    }

    [Fact]
    public async Task Giving_up_a_wait_leaves_the_others_alone()
    {
        using var hold = new ManualResetEventSlim();
        using PartitionLog log = Open("t-0");
        _device.Fault = o =>
        {
            if (o.Kind == "sync")
            {
                hold.Wait(TimeSpan.FromSeconds(5));
            }

            return null;
        };
        AppendResult result = log.Append(TestBatches.Build(1, 0), AppendOrigin.Client);
        using var stop = new CancellationTokenSource();
        Task given = log.WaitUntilDurableAsync(result.NextOffset, stop.Token).AsTask();
        Task kept = log.WaitUntilDurableAsync(result.NextOffset, default).AsTask();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given.WaitAsync(Patience));
        Assert.False(kept.IsCompleted);
        hold.Set();
        await kept.WaitAsync(Patience);
    }

    [Fact]
    public async Task Stopping_commits_what_is_written()
    {
        PartitionLog log = Open("t-0");
        log.Append(TestBatches.Build(1, 0), AppendOrigin.Client);
        _loop.Dispose();
        Assert.Equal(1, log.RecoveryPoint);
        await log.CloseAsync();
    }

    public void Dispose() => _loop.Dispose();

    private PartitionLog Open(string name, LogOptions? options = null) =>
        PartitionLog.Open(_context, "/data/" + name, new TopicPartition("t", 0), options ?? new LogOptions(), cleanShutdown: false);

    private static async Task Until(Func<bool> condition)
    {
        for (int i = 0; i < 1000 && !condition(); i++)
        {
            await Task.Delay(5);
        }

        Assert.True(condition());
    }
}
