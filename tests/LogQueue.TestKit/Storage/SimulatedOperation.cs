using LogQueue.Storage;

namespace LogQueue.TestKit.Storage;

/// <summary>One operation that changes, syncs or reads the simulated disk.</summary>
/// <param name="Number">Its number since the device was made, from 1.</param>
/// <param name="Kind">The verb: open, read, write, allocate, truncate, sync, mkdir, delete, rename, syncdir.</param>
/// <param name="Path">The file or directory.</param>
/// <param name="Position">Where in the file; 0 when it does not apply.</param>
/// <param name="LengthBytes">How much; 0 when it does not apply.</param>
internal readonly record struct SimulatedOperation(long Number, string Kind, string Path, long Position, long LengthBytes);

/// <summary>What a fault rule does to an operation.</summary>
/// <param name="Error">The error that it fails with.</param>
/// <param name="WrittenBytes">For writes: how many bytes reach the file before it fails.</param>
internal readonly record struct SimulatedFault(StorageError Error, int WrittenBytes = 0);

/// <summary>What a disk does wrong without saying so.</summary>
internal readonly record struct SimulatedQuirk
{
    /// <summary>A write: the disk puts it here instead; seen after <see cref="SimulatedStorageDevice.DropCaches"/> or a power cut.</summary>
    public long? MisdirectedTo { get; init; }

    /// <summary>A read: the disk returns what the sectors held before they were last synced.</summary>
    public bool IsStale { get; init; }

    /// <summary>The operation takes this long on the device's clock.</summary>
    public TimeSpan Delay { get; init; }
}

/// <summary>Which name changes a power cut may keep.</summary>
internal enum CrashProfile
{
    /// <summary>Any mixture of the unsynced ones: what POSIX allows.</summary>
    Weak,

    /// <summary>The first ones, up to a point: what a journalling file system like ext4 does.</summary>
    Ordered,
}

/// <summary>The power was cut: thrown by the operation at which it happened and by every one after it.</summary>
internal sealed class SimulatedPowerCutException() : Exception("The simulated power is cut.");
