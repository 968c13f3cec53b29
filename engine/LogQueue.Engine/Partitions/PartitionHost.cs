using LogQueue.Engine.Diagnostics;
using LogQueue.Storage;
using LogQueue.Storage.Partitions;

namespace LogQueue.Engine.Partitions;

/// <summary>What partitions need of their engine. Thread-safe.</summary>
internal abstract class PartitionHost
{
    /// <summary>The clock.</summary>
    public abstract TimeProvider TimeProvider { get; }

    /// <summary>The figures.</summary>
    public abstract EngineMetrics Metrics { get; }

    /// <summary>Idle batch builders.</summary>
    public abstract BuilderPool Builders { get; }

    /// <summary>True when an append waits for the sync (durability=commit), not just for the write.</summary>
    public abstract bool WaitsForSync { get; }

    /// <summary>True while so much is unsynced that nobody should append more without a wait.</summary>
    public abstract bool IsDiskBehind { get; }

    /// <summary>True while the disk has too little space for more records.</summary>
    public abstract bool IsDiskLow { get; }

    /// <summary>What to say of it.</summary>
    public abstract string DiskLowReason { get; }

    /// <summary>Opens a partition's log, and creates its directory when it is missing.</summary>
    public abstract PartitionLog OpenLog(Partition partition, LogOptions options);
}
