namespace LogQueue.Records;

/// <summary>Codec of a batch's records; the numbers are those of the attributes' bits 0-2.</summary>
public enum CompressionType : byte
{
    /// <summary>Not compressed.</summary>
    None = 0,

    /// <summary>RFC 1952.</summary>
    Gzip = 1,

    /// <summary>Snappy, raw or in xerial framing.</summary>
    Snappy = 2,

    /// <summary>LZ4 frame.</summary>
    Lz4 = 3,

    /// <summary>Zstandard frame.</summary>
    Zstd = 4,
}
