using LogQueue.Wire.Memory;

namespace LogQueue.Records.Compression;

/// <summary>One codec of a batch's records. Thread-safe: no state between calls.</summary>
public interface ICompressionCodec
{
    /// <summary>Which codec this is.</summary>
    CompressionType Type { get; }

    /// <summary>Compresses <paramref name="source"/> in the form Kafka's clients read.</summary>
    /// <param name="source">What to compress.</param>
    /// <param name="destination">Where the output goes.</param>
    /// <param name="level">Effort, in Kafka's numbers of this codec; null for the codec's own choice. Codecs without levels ignore it.</param>
    void Compress(ReadOnlySpan<byte> source, PooledBufferWriter destination, int? level = null);

    /// <summary>Decompresses every form that Kafka's clients write.</summary>
    /// <param name="source">Compressed bytes, untrusted.</param>
    /// <param name="destination">Where the output goes.</param>
    /// <param name="maxOutputBytes">Hard limit of the output.</param>
    /// <exception cref="CorruptRecordException">The bytes do not follow the format, or give more than the limit.</exception>
    void Decompress(ReadOnlySpan<byte> source, PooledBufferWriter destination, int maxOutputBytes);
}
