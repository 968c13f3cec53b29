namespace LogQueue.Storage;

/// <summary>The log takes no more writes: its data directory was fenced after a disk error, or it was closed or deleted.</summary>
public sealed class LogOfflineException : IOException
{
    /// <summary>Creates it with what happened, where, and what to do.</summary>
    public LogOfflineException(string message, Exception? cause = null)
        : base(message, cause)
    {
    }
}
