using LogQueue.Engine.Maintenance;
using LogQueue.Engine.Opening;
using LogQueue.Engine.Partitions;
using LogQueue.Engine.Topics;
using LogQueue.Storage;
using LogQueue.Storage.Partitions;
using LogQueue.TestKit.Storage;
using Microsoft.Extensions.Time.Testing;

namespace LogQueue.Engine.Tests.Engine.Maintenance;

public sealed class MaintenanceLoopTests
{
    private const int Batches = 10;

    private readonly FakeTimeProvider _time = new(DateTimeOffset.FromUnixTimeMilliseconds(TestBatches.StartMs));

    private static CancellationToken Timeout => TestContext.Current.CancellationToken;

    /// <summary>Two bad sectors, or two bits: nothing tells them from a torn write but the recovery point.</summary>
    [Fact]
    public async Task What_was_acknowledged_ten_seconds_before_a_crash_is_never_cut_however_it_is_damaged()
    {
        var device = new SimulatedStorageDevice("/data");
        await using LogEngine engine = await OpenAsync(device);
        Topic topic = await engine.CreateTopicAsync("t", cancellationToken: Timeout);
        for (int i = 0; i < Batches; i++)
        {
            Assert.Equal(AppendStatus.Appended, (await topic.Partitions[0].AppendAsync(TestBatches.Build(1, i), Timeout)).Status);
        }

        Assert.Equal(0, Point(device));
        SimulatedStorageDevice early = Damaged(device);
        _time.Advance(MaintenanceLoop.CheckpointInterval);
        await UntilAsync(() => Point(device) == Batches);
        SimulatedStorageDevice late = Damaged(device);

        await using LogEngine kept = await OpenAsync(late);
        Assert.Equal(Batches, Log(kept).LogEndOffset);
        Assert.Equal(ReadStatus.Ok, Log(kept).Read(4, 4096).Status);
        Assert.Equal(ReadStatus.Corrupt, Log(kept).Read(3, 4096).Status);
        Assert.Single(kept.Damage);

        await using LogEngine cut = await OpenAsync(early); // what remains: README, Damage
        Assert.Equal(3, Log(cut).LogEndOffset);
        Assert.NotEmpty(early.ListFiles("/data/lost+found"));
    }

    [Fact]
    public void A_large_lost_and_found_is_told_at_the_start_with_its_size()
    {
        Assert.Null(EngineOpening.LostAndFoundWarning("/data", 9, EngineOpening.MostLostBytes - 1));
        Assert.StartsWith("'/data/lost+found' holds 1073741824 bytes in 9 files that no topic uses",
            EngineOpening.LostAndFoundWarning("/data", 9, EngineOpening.MostLostBytes), StringComparison.Ordinal);
    }

    private static Partition Log(LogEngine engine) =>
        engine.TryGetTopic("t", out Topic? topic) ? topic.Partitions[0] : throw new InvalidOperationException("no topic");

    private static SimulatedStorageDevice Damaged(SimulatedStorageDevice device)
    {
        SimulatedStorageDevice crashed = device.Copy();
        string path = "/data/t-0/00000000000000000000.log";
        byte[] log = crashed.Content(path);
        int at = 0;
        for (int i = 0; i < 3; i++)
        {
            at += System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(log.AsSpan(at + 8)) + 12;
        }

        crashed.FlipBit(path, (at + 62) * 8L);
        crashed.FlipBit(path, ((at + 65) * 8L) + 3);
        return crashed;
    }

    private static long Point(SimulatedStorageDevice device) => RecoveryCheckpoint.TryLoad(device, "/data/t-0")!.RecoveryPoint;

    private static async Task UntilAsync(Func<bool> done)
    {
        for (int i = 0; i < 3000 && !done(); i++)
        {
            await Task.Delay(10, Timeout);
        }

        Assert.True(done());
    }

    private Task<LogEngine> OpenAsync(SimulatedStorageDevice device) => LogEngine.OpenAsync(
        new LogEngineOptions { DataDirectory = "/data", OffsetsPartitionCount = 1, TimeProvider = _time }, device, Timeout);
}
