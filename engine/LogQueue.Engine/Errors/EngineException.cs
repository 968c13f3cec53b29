namespace LogQueue.Engine.Errors;

/// <summary>The engine refused something; the message says what, where and what to do.</summary>
public class EngineException : Exception
{
    /// <summary>Creates it.</summary>
    public EngineException(string message, Exception? cause = null)
        : base(message, cause)
    {
    }
}
