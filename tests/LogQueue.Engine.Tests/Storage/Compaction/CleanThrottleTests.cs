using LogQueue.Storage.Compaction;
using Microsoft.Extensions.Time.Testing;

namespace LogQueue.Engine.Tests.Storage.Compaction;

public sealed class CleanThrottleTests
{
    [Fact]
    public void Bytes_take_their_time_and_small_debts_add_up()
    {
        var time = new FakeTimeProvider();
        TimeSpan waited = TimeSpan.Zero;
        var throttle = new CleanThrottle(1_000_000, time, (span, _) =>
        {
            waited += span;
            time.Advance(span);
        });
        DateTimeOffset start = time.GetUtcNow();
        for (int i = 0; i < 5000; i++)
        {
            throttle.Spend(1000, CancellationToken.None);
        }

        Assert.InRange((time.GetUtcNow() - start).TotalSeconds, 4.9, 5.1);
        time.Advance(TimeSpan.FromHours(1)); // idle time is not saved up
        waited = TimeSpan.Zero;
        throttle.Spend(1_000_000, CancellationToken.None);
        Assert.InRange(waited.TotalSeconds, 0.9, 1.1);
    }

    [Fact]
    public void Without_a_bound_nothing_waits_and_a_cancelled_one_stops()
    {
        var throttle = new CleanThrottle(double.MaxValue, TimeProvider.System, static (_, _) => Assert.Fail("it waited"));
        throttle.Spend(long.MaxValue, CancellationToken.None);
        Assert.Throws<OperationCanceledException>(() => throttle.Spend(1, new CancellationToken(canceled: true)));
    }

    [Fact]
    public void A_debt_of_days_is_waited_for_an_hour_at_a_time()
    {
        List<TimeSpan> waits = [];
        var throttle = new CleanThrottle(1000, new FakeTimeProvider(), (span, _) => waits.Add(span));
        throttle.Spend(1000L * 100_000, CancellationToken.None);
        throttle.Spend(1, CancellationToken.None);
        Assert.Equal([TimeSpan.FromHours(1), TimeSpan.FromHours(1)], waits);
    }
}
