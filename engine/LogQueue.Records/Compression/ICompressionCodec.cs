using LogQueue.Wire.Memory;

namespace LogQueue.Records.Compression;

/// <summary>One codec of a batch's records. Thread-safe: no state between calls.</summary>
public interface ICompressionCodec
{
    /// <summary>Which codec this is.</summary>
    CompressionType Type { get; }

    /// <summary>Compresses <paramref name="source"/> in the form Kafka's clients read.</summary>
    void Compress(ReadOnlySpan<byte> source, PooledBufferWriter destination);

    /// <summary>Decompresses every form that Kafka's clients write.</summary>
    /// <param name="source">Compressed bytes, untrusted.</param>
    /// <param name="destination">Where the output goes.</param>
    /// <param name="maxOutputBytes">Hard limit of the output.</param>
    /// <exception cref="CorruptRecordException">The bytes do not follow the format, or give more than the limit.</exception>
    void Decompress(ReadOnlySpan<byte> source, PooledBufferWriter destination, int maxOutputBytes);
}
