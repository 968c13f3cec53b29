using CsCheck;
using LogQueue.Storage.Files;

namespace LogQueue.Engine.Tests.Storage.Files;

public sealed class LeaseNumbersTests
{
    [Fact]
    public void A_lease_ends_once_and_never_ends_another()
    {
        var numbers = new LeaseNumbers();
        long first = numbers.Begin();
        Assert.True(numbers.IsLive(first));
        Assert.True(numbers.TryEnd(first));
        long second = numbers.Begin(); // in the same slot
        Assert.Equal((int)first, (int)second);
        Assert.False(numbers.TryEnd(first));
        Assert.False(numbers.IsLive(first));
        Assert.True(numbers.IsLive(second));
        Assert.True(numbers.TryEnd(second));
        Assert.False(numbers.TryEnd(second));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(long.MaxValue)]
    [InlineData(4)]
    public void A_number_that_was_never_given_is_none(long number)
    {
        var numbers = new LeaseNumbers();
        Assert.False(numbers.IsLive(number));
        _ = numbers.Begin();
        Assert.False(numbers.IsLive(number) || numbers.TryEnd(number));
    }

    [Fact]
    public void It_is_a_set_of_numbers_that_are_never_given_twice() => Gen.Int[0, 99].Array[0, 200].Sample(static steps =>
    {
        var numbers = new LeaseNumbers();
        var live = new List<long>();
        var ended = new HashSet<long>();
        foreach (int step in steps)
        {
            if (step < 50 || live.Count == 0)
            {
                long given = numbers.Begin();
                Assert.False(live.Contains(given) || ended.Contains(given));
                live.Add(given);
            }
            else
            {
                long end = live[step % live.Count];
                Assert.True(numbers.TryEnd(end));
                live.Remove(end);
                ended.Add(end);
            }
        }

        Assert.All(live, n => Assert.True(numbers.IsLive(n)));
        Assert.All(ended, n => Assert.False(numbers.IsLive(n) || numbers.TryEnd(n)));
    });

    [Fact]
    public async Task Many_threads_end_each_lease_once()
    {
        var numbers = new LeaseNumbers();
        int ended = 0;
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (int i = 0; i < 5_000; i++)
            {
                long mine = numbers.Begin();
                Parallel.Invoke(() => End(mine), () => End(mine));
            }
        }))).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(20_000, ended);

        void End(long number)
        {
            if (numbers.TryEnd(number))
            {
                Interlocked.Increment(ref ended);
            }
        }
    }
}
