using LogQueue.Client.Connections;
using LogQueue.Client.Errors;

namespace LogQueue.Client.Cluster;

/// <summary>Tries again while that may help and there is time.</summary>
internal static class Retry
{
    /// <summary>
    /// Calls <paramref name="attempt"/> until it returns, fails for good, or <paramref name="patience"/> is over; then throws its last
    /// error.
    /// </summary>
    public static async Task<T> RunAsync<T>(
        ClientOptions options, TimeSpan patience, Func<CancellationToken, Task<T>> attempt, CancellationToken cancellationToken)
    {
        long started = options.TimeProvider.GetTimestamp();
        for (int failures = 1; ; failures++)
        {
            try
            {
                return await attempt(cancellationToken).ConfigureAwait(false);
            }
            catch (KafkaException e) when (KafkaErrors.IsRetriable(e) && options.TimeProvider.GetElapsedTime(started) < patience)
            {
                await Backoff.DelayAsync(options, failures, cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
