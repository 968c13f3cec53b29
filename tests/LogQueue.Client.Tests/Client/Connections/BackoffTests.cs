using LogQueue.Client.Connections;

namespace LogQueue.Client.Tests.Client.Connections;

public sealed class BackoffTests
{
    [Fact]
    public void Pauses_double_up_to_the_longest_with_a_fifth_of_spread()
    {
        var options = new ClientOptions { RetryBackoff = TimeSpan.FromMilliseconds(100), MaxRetryBackoff = TimeSpan.FromSeconds(1) };
        for (int failures = 1; failures <= 100; failures++)
        {
            double middle = Math.Min(100 * Math.Pow(2, failures - 1), 1000);
            Assert.InRange(Backoff.Of(options, failures).TotalMilliseconds, middle * 0.79, middle * 1.21);
        }
    }
}
