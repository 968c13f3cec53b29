namespace LogQueue.Records.Compression;

/// <summary>The codecs by their number. Thread-safe.</summary>
public static class CompressionCodecs
{
    private static readonly ICompressionCodec[] ByNumber = [new NoCodec(), new GzipCodec(), new SnappyCodec(), new Lz4FrameCodec(),
        new ZstdCodec()];

    /// <summary>The codec of a batch.</summary>
    /// <exception cref="CorruptRecordException">No codec has this number.</exception>
    public static ICompressionCodec For(CompressionType type) =>
        (uint)type < (uint)ByNumber.Length ? ByNumber[(int)type]
            : throw new CorruptRecordException($"No codec has the number {(int)type}.");
}
