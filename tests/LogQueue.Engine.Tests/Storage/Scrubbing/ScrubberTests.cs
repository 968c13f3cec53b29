using LogQueue.Engine.Tests.Storage.Partitions;
using LogQueue.Storage;
using LogQueue.Storage.Files;
using LogQueue.Storage.Scrubbing;
using LogQueue.TestKit.Storage;
using Microsoft.Extensions.Time.Testing;

namespace LogQueue.Engine.Tests.Storage.Scrubbing;

public sealed class ScrubberTests
{
    /// <summary>256 KiB and the step that ends them.</summary>
    private const long MostBurstBytes = 320 << 10;

    private static readonly ScrubOptions Fast = new() { BytesPerSecond = long.MaxValue };

    [Fact]
    public async Task A_round_reads_all_sealed_data_at_the_bounded_rate()
    {
        SimulatedStorageDevice device = DamageRig.Closed(batches: 2_000, valueBytes: 600);
        using var rig = new StorageRig(device, DamageRig.Options);
        long sealedBytes = DamageRig.Logs(device).SkipLast(1).Sum(device.FileLength);
        Assert.True(sealedBytes > 1 << 20);
        var time = new FakeTimeProvider();
        var scrubber = new Scrubber(new ScrubOptions { BytesPerSecond = 1 << 20 }, time, () => [rig.Log]);
        Task round = scrubber.RunRoundAsync(TestContext.Current.CancellationToken);
        int pauses = 0;
        while (!round.IsCompleted)
        {
            Assert.True(scrubber.ScrubbedBytes <= (pauses + 1L) * MostBurstBytes, $"{scrubber.ScrubbedBytes} bytes after {pauses} pauses");
            time.Advance(TimeSpan.FromMilliseconds(250 + 125));
            pauses++;
            await Task.Yield();
            Assert.InRange(pauses, 0, 100_000);
        }

        await round;
        Assert.True(pauses >= (sealedBytes / MostBurstBytes) - 1);
        Assert.InRange(scrubber.ScrubbedBytes, sealedBytes, sealedBytes + (sealedBytes / 4));
        Assert.Equal(1, scrubber.Rounds);
        Assert.InRange(scrubber.LastRoundMs, 1, time.GetUtcNow().ToUnixTimeMilliseconds());
        Assert.Equal(0, scrubber.RebuiltCaches);
        Assert.Empty(rig.Log.Damage);
    }

    [Fact]
    public async Task A_damaged_block_is_quarantined_also_after_it_was_read_once()
    {
        SimulatedStorageDevice device = DamageRig.Closed();
        string path = DamageRig.Logs(device)[0];
        (long From, long To) batch = DamageRig.BatchAt(device.Content(path), 30_000);
        using var rig = new StorageRig(device, DamageRig.Options);
        Assert.Empty(DamageRig.Survey(rig.Log));
        device.FlipBit(path, 30_000 * 8);
        await RoundAsync(rig);
        Assert.Equal((batch.From, batch.To), (rig.Log.Damage[0].FromOffset, rig.Log.Damage[0].ToOffset));
        Assert.Equal([batch], DamageRig.Survey(rig.Log));
        Assert.Equal(AppendStatus.Offline, rig.Log.Append(TestBatches.Build(1, 0), AppendOrigin.Client).Status);
    }

    [Theory]
    [InlineData(SegmentFileName.OffsetIndex)]
    [InlineData(SegmentFileName.TimeIndex)]
    [InlineData(SegmentFileName.Seal)]
    public async Task A_damaged_cache_is_made_again(string extension)
    {
        SimulatedStorageDevice device = DamageRig.Closed();
        string path = DamageRig.FileOf(device, extension);
        using var rig = new StorageRig(device, DamageRig.Options);
        device.FlipBit(path, 77);
        Assert.Equal(1, (await RoundAsync(rig)).RebuiltCaches);
        Assert.Empty(rig.Log.Damage);
        Assert.Empty(DamageRig.Survey(rig.Log));
        Assert.Equal(0, (await RoundAsync(rig)).RebuiltCaches);
        using var again = new StorageRig(device.Copy(), DamageRig.Options);
        Assert.Equal(0, again.Log.Recovery.RebuiltIndexes);
        Assert.Empty(DamageRig.Survey(again.Log));
    }

    [Fact]
    public async Task Rounds_keep_their_interval_and_end_when_told()
    {
        SimulatedStorageDevice device = DamageRig.Closed();
        using var rig = new StorageRig(device, DamageRig.Options);
        var time = new FakeTimeProvider();
        var scrubber = new Scrubber(Fast with { Interval = TimeSpan.FromHours(1) }, time, () => [rig.Log]);
        scrubber.Start();
        await UntilAsync(() => scrubber.Rounds == 1, time, TimeSpan.FromMilliseconds(1));
        for (int i = 0; i < 20; i++)
        {
            time.Advance(TimeSpan.FromMinutes(1));
            await Task.Delay(1, TestContext.Current.CancellationToken);
        }

        Assert.Equal(1, scrubber.Rounds);
        await UntilAsync(() => scrubber.Rounds == 2, time, TimeSpan.FromMinutes(5));
        await scrubber.DisposeAsync();
    }

    [Fact]
    public async Task Rounds_that_take_longer_than_their_interval_follow_each_other()
    {
        SimulatedStorageDevice device = DamageRig.Closed(batches: 20);
        using var rig = new StorageRig(device, DamageRig.Options);
        var scrubber = new Scrubber(Fast with { Interval = TimeSpan.FromTicks(1) }, TimeProvider.System, () => [rig.Log]);
        scrubber.Start();
        while (scrubber.Rounds < 3)
        {
            await Task.Delay(1, TestContext.Current.CancellationToken);
        }

        await scrubber.DisposeAsync();
        await scrubber.DisposeAsync();
    }

    [Fact]
    public async Task At_no_bytes_per_second_there_are_no_rounds()
    {
        var scrubber = new Scrubber(new ScrubOptions { BytesPerSecond = 0 }, TimeProvider.System, static () => throw new InvalidOperationException("a round began"));
        scrubber.Start();
        await scrubber.DisposeAsync();
        Assert.Equal((0L, -1L), (scrubber.Rounds, scrubber.LastRoundMs));
    }

    private static async Task UntilAsync(Func<bool> done, FakeTimeProvider time, TimeSpan step)
    {
        while (!done())
        {
            time.Advance(step);
            await Task.Delay(1, TestContext.Current.CancellationToken);
        }
    }

    private static async Task<Scrubber> RoundAsync(StorageRig rig)
    {
        var scrubber = new Scrubber(Fast, TimeProvider.System, () => [rig.Log]);
        await scrubber.RunRoundAsync(TestContext.Current.CancellationToken);
        return scrubber;
    }
}
