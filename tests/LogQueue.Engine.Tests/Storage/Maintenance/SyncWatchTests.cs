using System.Collections.Concurrent;
using LogQueue.Records;
using LogQueue.Storage;
using LogQueue.Storage.Files;
using LogQueue.Storage.Maintenance;
using LogQueue.Storage.Partitions;
using LogQueue.TestKit.Storage;
using Microsoft.Extensions.Time.Testing;

namespace LogQueue.Engine.Tests.Storage.Maintenance;

/// <summary>A disk that takes its time: slow syncs are told, hanging ones give up those who wait, and nothing is lost of either.</summary>
public sealed class SyncWatchTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly SimulatedStorageDevice _device = new("/data");
    private readonly FakeTimeProvider _time = new(DateTimeOffset.FromUnixTimeMilliseconds(TestBatches.StartMs));
    private readonly ConcurrentQueue<(double Seconds, bool HasEnded)> _slow = new();
    private readonly ConcurrentQueue<TimeSpan> _synced = new();
    private readonly ManualResetEventSlim _isSyncing = new();
    private readonly ManualResetEventSlim _finish = new();
    private readonly CommitLoop _loop;
    private readonly PartitionLogContext _context;

    public SyncWatchTests()
    {
        var fence = new DirectoryFence();
        var options = new CommitLoopOptions
        {
            SlowSync = (took, hasEnded) => _slow.Enqueue((took.TotalSeconds, hasEnded)),
            Synced = (_, _, took) => _synced.Enqueue(took),
        };
        _loop = new CommitLoop(options, _time, fence);
        _loop.Start();
        _context = new PartitionLogContext { Device = _device, TimeProvider = _time, Fence = fence, CommitLog = _loop, WaitsEnd = true };
    }

    [Fact]
    public async Task A_hanging_sync_gives_up_those_who_wait_and_still_counts_when_it_ends()
    {
        using PartitionLog log = Open("t-0", _context);
        using PartitionLog own = Open("own-0", _context with { WaitsEnd = false });
        AppendResult result = log.Append(TestBatches.Build(1, 0), AppendOrigin.Client);
        AppendResult ownResult = own.Append(TestBatches.Build(1, 0), AppendOrigin.Internal);
        HoldSyncs();
        Task wait = log.WaitUntilDurableAsync(result.NextOffset, CancellationToken.None).AsTask();
        Task ownWait = own.WaitUntilDurableAsync(ownResult.NextOffset, CancellationToken.None).AsTask();
        Assert.True(_isSyncing.Wait(Patience));

        Advance(seconds: 29);
        Assert.False(wait.IsCompleted);
        Assert.Equal([(1.0, false)], _slow); // told once, while it runs
        Advance(seconds: 2);

        SyncTimeoutException e = await Assert.ThrowsAsync<SyncTimeoutException>(() => wait.WaitAsync(Patience));
        Assert.Contains("t-0", e.Message, StringComparison.Ordinal);
        Assert.False(ownWait.IsCompleted);
        Assert.False(_context.Fence.IsTripped);
        Assert.Equal(0, log.HighWatermark);

        _finish.Set();
        await ownWait.WaitAsync(Patience);
        await log.WaitUntilDurableAsync(result.NextOffset, CancellationToken.None).AsTask().WaitAsync(Patience);
        Assert.Equal(1, log.HighWatermark);
        await Until(() => !_synced.IsEmpty && _slow.Count == 2);
        Assert.Equal((31.0, true), _slow.Last());
        Assert.Equal(31, _synced.First().TotalSeconds);
    }

    [Fact]
    public async Task A_wait_that_begins_late_has_its_own_time()
    {
        using PartitionLog log = Open("t-0", _context);
        AppendResult result = log.Append(TestBatches.Build(1, 0), AppendOrigin.Client);
        HoldSyncs();
        Task first = log.WaitUntilDurableAsync(result.NextOffset, CancellationToken.None).AsTask();
        Assert.True(_isSyncing.Wait(Patience));
        Advance(seconds: 20);
        Task second = log.WaitUntilDurableAsync(result.NextOffset, CancellationToken.None).AsTask();
        Advance(seconds: 11);
        await Assert.ThrowsAsync<SyncTimeoutException>(() => first.WaitAsync(Patience));
        Assert.False(second.IsCompleted);
        _finish.Set();
        await second.WaitAsync(Patience);
    }

    [Fact]
    public async Task A_fast_sync_is_measured_and_not_told()
    {
        using PartitionLog log = Open("t-0", _context);
        AppendResult result = log.Append(TestBatches.Build(1, 0), AppendOrigin.Client);
        await log.WaitUntilDurableAsync(result.NextOffset, CancellationToken.None).AsTask().WaitAsync(Patience);
        await Until(() => !_synced.IsEmpty);
        Advance(seconds: 100);
        Assert.Empty(_slow);
    }

    public void Dispose()
    {
        _finish.Set();
        _loop.Dispose();
        _isSyncing.Dispose();
        _finish.Dispose();
    }

    private void HoldSyncs() => _device.Fault = o =>
    {
        if (o.Kind == "sync")
        {
            _isSyncing.Set();
            _finish.Wait(Patience);
        }

        return null;
    };

    private void Advance(int seconds)
    {
        for (int i = 0; i < seconds; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
        }
    }

    private static PartitionLog Open(string name, PartitionLogContext context) =>
        PartitionLog.Open(context, "/data/" + name, new TopicPartition(name[..^2], 0), new LogOptions(), cleanShutdown: false);

    private static async Task Until(Func<bool> condition)
    {
        for (int i = 0; i < 1000 && !condition(); i++)
        {
            await Task.Delay(5);
        }

        Assert.True(condition());
    }

    [Fact]
    public async Task Slow_syncs_that_nobody_wants_to_hear_of_end_as_others_do()
    {
        var fence = new DirectoryFence();
        using var loop = new CommitLoop(new CommitLoopOptions(), _time, fence);
        loop.Start();
        using PartitionLog log = Open("t-0", _context with { Fence = fence, CommitLog = loop });
        loop.Forget(log.Directory); // there is no journal that could hold anything of it
        AppendResult result = log.Append(TestBatches.Build(1, 0), AppendOrigin.Client);
        HoldSyncs();
        Task wait = log.WaitUntilDurableAsync(result.NextOffset, CancellationToken.None).AsTask();
        Assert.True(_isSyncing.Wait(Patience));
        Advance(seconds: 10);
        _finish.Set();
        await wait.WaitAsync(Patience);
        Assert.False(fence.IsTripped);
        Assert.Empty(_slow);
    }
}
