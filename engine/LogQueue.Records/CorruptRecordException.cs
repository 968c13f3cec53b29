namespace LogQueue.Records;

/// <summary>Record bytes that do not follow their format, or decompress to more than the limit.</summary>
public class CorruptRecordException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What is wrong, and where.</param>
    public CorruptRecordException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with what a codec threw.</summary>
    public CorruptRecordException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
