namespace LogQueue.Client.Connections;

/// <summary>Pauses that double from the first to the longest, spread by a fifth so that clients do not march in step.</summary>
internal static class Backoff
{
    private static int s_spread;

    /// <param name="options">First and longest pause.</param>
    /// <param name="failures">Failures in a row, from 1.</param>
    public static TimeSpan Of(ClientOptions options, int failures)
    {
        double ms = options.RetryBackoff.TotalMilliseconds * Math.Pow(2, Math.Min(failures - 1, 20));

        // Golden-ratio steps: even spread without a source of randomness.
        uint step = unchecked((uint)Interlocked.Increment(ref s_spread) * 2654435769u);
        double factor = 0.8 + (0.4 * step / uint.MaxValue);
        return TimeSpan.FromMilliseconds(Math.Min(ms, options.MaxRetryBackoff.TotalMilliseconds) * factor);
    }

    public static Task DelayAsync(ClientOptions options, int failures, CancellationToken cancellationToken) =>
        Task.Delay(Of(options, failures), options.TimeProvider, cancellationToken);
}
