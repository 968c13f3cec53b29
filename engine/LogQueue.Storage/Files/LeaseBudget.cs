namespace LogQueue.Storage.Files;

/// <summary>Bounds how many resources (open files, maps) of a kind are open at once; the least recently used idle ones are closed.</summary>
internal sealed class LeaseBudget(int most)
{
    /// <summary>Most open resources; leased ones may exceed it.</summary>
    public int Most { get; } = most;
}
