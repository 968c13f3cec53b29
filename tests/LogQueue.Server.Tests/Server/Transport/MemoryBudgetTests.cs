using LogQueue.Server.Transport;

namespace LogQueue.Server.Tests.Server.Transport;

public sealed class MemoryBudgetTests
{
    [Fact]
    public async Task Waiters_are_served_in_order_when_bytes_come_back()
    {
        var budget = new MemoryBudget(100);
        Assert.True(budget.TryTake(80));
        Task large = budget.TakeAsync(60, CancellationToken.None).AsTask();
        Task small = budget.TakeAsync(10, CancellationToken.None).AsTask();

        Assert.False(budget.TryTake(1), "nobody overtakes a waiter");
        Assert.False(large.IsCompleted || small.IsCompleted);
        budget.Release(80);
        await large.WaitAsync(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken);
        await small.WaitAsync(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken);

        Assert.Equal(70, budget.TakenBytes);
    }

    [Fact]
    public async Task A_cancelled_waiter_takes_nothing_and_lets_the_next_through()
    {
        var budget = new MemoryBudget(100);
        Assert.True(budget.TryTake(50));
        using var cancellation = new CancellationTokenSource();
        Task cancelled = budget.TakeAsync(80, cancellation.Token).AsTask();
        Task next = budget.TakeAsync(50, CancellationToken.None).AsTask();

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        await next.WaitAsync(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken);
        Assert.Equal(100, budget.TakenBytes);
    }

    [Fact]
    public void More_than_the_whole_goes_through_alone()
    {
        var budget = new MemoryBudget(100);

        Assert.True(budget.TryTake(500));
        Assert.False(budget.TryTake(1));
        budget.Release(500);
        Assert.True(budget.TryTake(100));
    }
}
