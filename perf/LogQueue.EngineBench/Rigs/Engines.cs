using LogQueue.Engine;
using LogQueue.Engine.Topics;

namespace LogQueue.EngineBench.Rigs;

/// <summary>Engines for runs that are measured by a thread of their own, which waits. Stateless.</summary>
internal static class Engines
{
    /// <summary>Opens an engine with its defaults.</summary>
    public static LogEngine Open(string path) =>
        Wait(LogEngine.OpenAsync(new LogEngineOptions { DataDirectory = path, OffsetsPartitionCount = 1 }));

    /// <summary>Creates a topic.</summary>
    public static Topic Create(LogEngine engine, string name, int partitions) => Wait(engine.CreateTopicAsync(name, partitions));

    /// <summary>Closes an engine in good order.</summary>
    public static void Close(LogEngine engine) => Wait(engine.CloseAsync());

    /// <summary>Waits on this thread.</summary>
    public static void Wait(Task task) => task.ConfigureAwait(false).GetAwaiter().GetResult();

    /// <summary>Waits on this thread.</summary>
    public static T Wait<T>(Task<T> task) => task.ConfigureAwait(false).GetAwaiter().GetResult();

    /// <summary>Waits on this thread.</summary>
    public static void Wait(ValueTask task) => task.AsTask().ConfigureAwait(false).GetAwaiter().GetResult();
}
