namespace LogQueue.Records.Compression;

/// <summary>The one wording of "this decompresses to more than is allowed". Thread-safe.</summary>
internal static class OutputLimit
{
    public static void ThrowIfOver(CompressionType codec, long bytes, int maxOutputBytes)
    {
        if (bytes > maxOutputBytes)
        {
            throw new CorruptRecordException($"{codec}: the records decompress to more than the {maxOutputBytes} bytes allowed.");
        }
    }
}
