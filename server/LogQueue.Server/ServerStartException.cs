namespace LogQueue.Server;

/// <summary>The server cannot start: says what, where, and what to do.</summary>
public sealed class ServerStartException : Exception
{
    /// <summary>Creates it.</summary>
    /// <param name="message">What, where, what to do.</param>
    /// <param name="cause">The exception below, if there was one.</param>
    public ServerStartException(string message, Exception? cause = null)
        : base(message, cause)
    {
    }
}
