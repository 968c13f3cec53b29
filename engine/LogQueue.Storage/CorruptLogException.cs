namespace LogQueue.Storage;

/// <summary>Bytes of a log are not what they must be. Says where, what was expected, and what is there.</summary>
public sealed class CorruptLogException : IOException
{
    /// <summary>Creates it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="position">The byte position in it.</param>
    /// <param name="expected">What should be there.</param>
    /// <param name="actual">What is there.</param>
    public CorruptLogException(string path, long position, string expected, string actual)
        : base($"'{path}' at byte {position}: expected {expected}, found {actual}")
    {
        Path = path;
        Position = position;
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The byte position in it.</summary>
    public long Position { get; }
}
