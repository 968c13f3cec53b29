namespace LogQueue.Storage;

/// <summary>A file operation failed. Says which operation, on which path, and why.</summary>
public sealed class StorageException : IOException
{
    /// <summary>Creates it.</summary>
    /// <param name="error">The kind of trouble.</param>
    /// <param name="operation">The verb, such as <c>fdatasync</c>.</param>
    /// <param name="path">The file or directory.</param>
    /// <param name="reason">The system's own words.</param>
    /// <param name="cause">The exception below, if there was one.</param>
    public StorageException(StorageError error, string operation, string path, string reason, Exception? cause = null)
        : base($"{operation} of '{path}' failed: {reason}", cause)
    {
        Error = error;
        Operation = operation;
        Path = path;
    }

    /// <summary>The kind of trouble.</summary>
    public StorageError Error { get; }

    /// <summary>The verb that failed.</summary>
    public string Operation { get; }

    /// <summary>The file or directory.</summary>
    public string Path { get; }
}
