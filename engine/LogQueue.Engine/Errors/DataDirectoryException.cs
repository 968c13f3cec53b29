namespace LogQueue.Engine.Errors;

/// <summary>The data directory cannot be opened: in use, not writable, of a newer version, or not ours.</summary>
public sealed class DataDirectoryException : EngineException
{
    /// <summary>Creates it.</summary>
    public DataDirectoryException(string directory, string message, Exception? cause = null)
        : base(message, cause) => Directory = directory;

    /// <summary>The data directory.</summary>
    public string Directory { get; }
}
