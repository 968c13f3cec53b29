namespace LogQueue.Client;

/// <summary>Whose word counts as "it is stored".</summary>
public enum Acks : short
{
    /// <summary>Every in-sync replica (and, with the broker's default durability, the disk). The default.</summary>
    All = -1,

    /// <summary>Nobody's: the broker does not answer, and a loss goes unnoticed. Offsets are then -1.</summary>
    None = 0,

    /// <summary>The leader alone, as soon as it has written.</summary>
    Leader = 1,
}
