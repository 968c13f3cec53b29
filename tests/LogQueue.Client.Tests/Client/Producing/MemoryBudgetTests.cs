using LogQueue.Client.Producing;

namespace LogQueue.Client.Tests.Client.Producing;

public sealed class MemoryBudgetTests
{
    [Fact]
    public void What_is_free_is_given_and_no_more()
    {
        var budget = new MemoryBudget(100);
        Assert.True(budget.TryAcquire(60));
        Assert.False(budget.TryAcquire(41));
        Assert.True(budget.TryAcquire(40));
        Assert.Equal(100, budget.UsedBytes);
        budget.Release(100);
        Assert.Equal(0, budget.UsedBytes);
    }

    [Fact]
    public void One_that_is_larger_than_everything_passes_alone()
    {
        var budget = new MemoryBudget(100);
        Assert.True(budget.TryAcquire(150));
        Assert.False(budget.TryAcquire(1));
    }

    [Fact]
    public async Task Who_came_first_is_served_first()
    {
        var budget = new MemoryBudget(100);
        Assert.True(budget.TryAcquire(100));
        Task large = budget.AcquireAsync(80, CancellationToken.None).AsTask();
        Task small = budget.AcquireAsync(10, CancellationToken.None).AsTask();
        Assert.True(budget.HasWaiters);
        budget.Release(50);
        Assert.False(large.IsCompleted || small.IsCompleted || budget.TryAcquire(1));
        budget.Release(50);
        await Task.WhenAll(large, small).WaitAsync(TimeSpan.FromSeconds(5));
        Assert.Equal(90, budget.UsedBytes);
        Assert.False(budget.HasWaiters);
    }

    [Fact]
    public async Task Who_gives_up_lets_the_next_one_in()
    {
        var budget = new MemoryBudget(100);
        Assert.True(budget.TryAcquire(50));
        using var stop = new CancellationTokenSource();
        Task large = budget.AcquireAsync(90, stop.Token).AsTask();
        Task small = budget.AcquireAsync(50, CancellationToken.None).AsTask();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => large);
        await small.WaitAsync(TimeSpan.FromSeconds(5));
        Assert.Equal(100, budget.UsedBytes);
    }
}
