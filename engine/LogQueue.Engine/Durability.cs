namespace LogQueue.Engine;

/// <summary>When an append counts as done, and what readers may see.</summary>
public enum Durability
{
    /// <summary>
    /// After the group's fdatasync: nothing acknowledged is lost by a crash or a power cut. Readers see only what is durable.
    /// </summary>
    Commit,

    /// <summary>After the write: a power cut may take what the flush bounds leave unsynced. Readers see what is written.</summary>
    Os,
}
