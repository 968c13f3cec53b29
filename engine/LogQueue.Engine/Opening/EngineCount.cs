namespace LogQueue.Engine.Opening;

/// <summary>How many engines share the limits of the process. Thread-safe.</summary>
internal sealed class EngineCount
{
    private int _count;

    /// <summary>The engines of this process.</summary>
    public static EngineCount OfProcess { get; } = new();

    /// <summary>One at least.</summary>
    public int Value => Math.Max(1, Volatile.Read(ref _count));

    public void Add() => Interlocked.Increment(ref _count);

    public void Remove() => Interlocked.Decrement(ref _count);
}
