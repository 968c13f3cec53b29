namespace LogQueue.Server.Requests;

/// <summary>
/// Which operations a client may do, as Kafka's bit sets (1 shifted by the operation's code): without an authorizer, all.
/// </summary>
internal static class AuthorizedOperations
{
    /// <summary>The value when the client did not ask.</summary>
    public const int NotAsked = int.MinValue;

    /// <summary>Read, write, create, delete, alter, describe, describe and alter configs.</summary>
    public const int Topic = (1 << 3) | (1 << 4) | (1 << 5) | (1 << 6) | (1 << 7) | (1 << 8) | (1 << 10) | (1 << 11);

    /// <summary>Create, alter, describe, cluster action, describe and alter configs, idempotent write.</summary>
    public const int Cluster = (1 << 5) | (1 << 7) | (1 << 8) | (1 << 9) | (1 << 10) | (1 << 11) | (1 << 12);
}
