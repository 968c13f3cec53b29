namespace LogQueue.Records;

/// <summary>What a validation found.</summary>
public enum BatchVerdict
{
    /// <summary>Nothing wrong.</summary>
    Valid,

    /// <summary>Fewer bytes than the batch announces, or than a header.</summary>
    Truncated,

    /// <summary>Larger than allowed.</summary>
    TooLarge,

    /// <summary>Not format version 2.</summary>
    BadMagic,

    /// <summary>The length field is impossible or does not match the bytes.</summary>
    BadLength,

    /// <summary>The checksum is not that of the bytes.</summary>
    BadChecksum,

    /// <summary>The record count is impossible or does not match the records.</summary>
    BadRecordCount,

    /// <summary>Offsets are not what a producer must write.</summary>
    BadOffsets,

    /// <summary>Sequence or producer fields contradict each other.</summary>
    BadSequence,

    /// <summary>The timestamp type is one that only a broker may write.</summary>
    BadTimestamp,

    /// <summary>The codec number is unknown.</summary>
    UnknownCompression,

    /// <summary>A control batch from a client.</summary>
    ControlFromClient,

    /// <summary>The records themselves do not follow the format.</summary>
    BadRecords,
}
