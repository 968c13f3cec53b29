namespace LogQueue.LoadTest;

/// <summary>
/// Gives each record its intended time. With a rate, a late sender does not move the times of the records after it: their wait counts as
/// latency (no coordinated omission). Not thread-safe.
/// </summary>
internal sealed class Pace(double? perSecond)
{
    private static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(1);
    private readonly long _start = TimeProvider.System.GetTimestamp();
    private readonly double _ticksPerRecord = perSecond is { } rate ? TimeProvider.System.TimestampFrequency / rate : 0;

    /// <summary>Waits until record <paramref name="index"/> is due and returns its intended timestamp.</summary>
    public async ValueTask<long> WaitAsync(long index, CancellationToken cancellation)
    {
        if (perSecond is null)
        {
            return TimeProvider.System.GetTimestamp();
        }

        long intended = _start + (long)(index * _ticksPerRecord);
        TimeSpan wait = TimeProvider.System.GetElapsedTime(TimeProvider.System.GetTimestamp(), intended);
        if (wait > ShortestWait)
        {
            await Task.Delay(wait, cancellation).ConfigureAwait(false);
        }

        return intended;
    }
}
