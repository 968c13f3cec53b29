namespace LogQueue.Server.Transport;

/// <summary>A request that cannot be answered in its own form: the connection is closed, with one log line.</summary>
internal sealed class RequestRefusedException : Exception
{
    /// <summary>Creates it.</summary>
    /// <param name="message">What was wrong.</param>
    public RequestRefusedException(string message)
        : base(message)
    {
    }
}
