namespace LogQueue.Wire.Memory;

/// <summary>A writer was asked to grow past the limit its owner set.</summary>
public sealed class BufferLimitException : InvalidOperationException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="wantedBytes">Size the writer would have needed.</param>
    /// <param name="maxBytes">The limit.</param>
    public BufferLimitException(long wantedBytes, int maxBytes)
        : base($"The output needs {wantedBytes} bytes, its limit is {maxBytes}.")
    {
        WantedBytes = wantedBytes;
        MaxBytes = maxBytes;
    }

    /// <summary>Size the writer would have needed.</summary>
    public long WantedBytes { get; }

    /// <summary>The limit that stopped it.</summary>
    public int MaxBytes { get; }
}
