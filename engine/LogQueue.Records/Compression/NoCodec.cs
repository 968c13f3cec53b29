using LogQueue.Wire.Memory;

namespace LogQueue.Records.Compression;

/// <summary>Copies. Thread-safe.</summary>
internal sealed class NoCodec : ICompressionCodec
{
    public CompressionType Type => CompressionType.None;

    public void Compress(ReadOnlySpan<byte> source, PooledBufferWriter destination, int? level = null) => destination.Write(source);

    public void Decompress(ReadOnlySpan<byte> source, PooledBufferWriter destination, int maxOutputBytes)
    {
        OutputLimit.ThrowIfOver(Type, source.Length, maxOutputBytes);
        destination.Write(source);
    }
}
