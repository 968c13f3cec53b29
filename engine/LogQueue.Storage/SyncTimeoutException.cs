namespace LogQueue.Storage;

/// <summary>
/// The disk has not finished a sync for so long that the wait was given up. The records are written; whether they will be durable is open:
/// the sync goes on.
/// </summary>
public sealed class SyncTimeoutException : TimeoutException
{
    /// <summary>Creates it with what happened and where.</summary>
    public SyncTimeoutException(string message)
        : base(message)
    {
    }
}
