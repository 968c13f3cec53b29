namespace LogQueue.Server.Groups;

/// <summary>The clock of all groups: what time it is, and a call when a group's deadline comes. Thread-safe.</summary>
internal sealed class GroupTimers
{
    private readonly TimeProvider _time;
    private readonly long _start;

    /// <summary>Over a clock.</summary>
    public GroupTimers(TimeProvider time)
    {
        _time = time;
        _start = time.GetTimestamp();
    }

    /// <summary>The clock itself.</summary>
    public TimeProvider Time => _time;

    /// <summary>This moment.</summary>
    public GroupTime Now => new(
        _time.GetElapsedTime(_start).Ticks / TimeSpan.TicksPerMillisecond, _time.GetUtcNow().ToUnixTimeMilliseconds());

    /// <summary>A timer that is not set yet.</summary>
    public ITimer Create(Action due) =>
        _time.CreateTimer(static state => ((Action)state!)(), due, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    /// <summary>
    /// Sets a timer to a deadline; <see cref="long.MaxValue"/> stops it. A deadline beyond the timer's reach fires early.
    /// </summary>
    public void Set(ITimer timer, long deadlineMs)
    {
        TimeSpan due = deadlineMs == long.MaxValue
            ? Timeout.InfiniteTimeSpan
            : TimeSpan.FromMilliseconds(Math.Clamp(deadlineMs - Now.TickMs, 1, int.MaxValue));
        timer.Change(due, Timeout.InfiniteTimeSpan);
    }
}
