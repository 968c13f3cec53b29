using System.Diagnostics;

namespace LogQueue.EngineBench.Rigs;

/// <summary>Wall time and processor time of this process from its start on. Immutable.</summary>
internal readonly record struct Stopwatches(long StartTimestamp, TimeSpan StartCpu)
{
    /// <summary>Wall time since the start.</summary>
    public double WallSeconds => Stopwatch.GetElapsedTime(StartTimestamp).TotalSeconds;

    /// <summary>Processor time of all threads since the start.</summary>
    public double CpuSeconds => (Environment.CpuUsage.TotalTime - StartCpu).TotalSeconds;

    /// <summary>Starts both.</summary>
    public static Stopwatches Start() => new(Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
}
