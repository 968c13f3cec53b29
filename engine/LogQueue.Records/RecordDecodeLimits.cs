namespace LogQueue.Records;

/// <summary>How much a decoder may produce from untrusted bytes. Immutable.</summary>
public sealed record RecordDecodeLimits
{
    /// <summary>The limits used where none are given.</summary>
    public static RecordDecodeLimits Default { get; } = new();

    /// <summary>Most bytes one batch may decompress to.</summary>
    /// <value>64 MiB.</value>
    public int MaxDecompressedBytes { get; init; } = 64 * 1024 * 1024;
}
