using LogQueue.Wire.Memory;
using ZstdSharp;

namespace LogQueue.Records.Compression;

/// <summary>Zstandard frames. Thread-safe.</summary>
internal sealed class ZstdCodec : ICompressionCodec
{
    /// <summary>Kafka's default level.</summary>
    private const int Level = 3;

    /// <summary>Largest window accepted, as a power of two: what the format asks every decoder to support.</summary>
    private const int MostWindowLog = 23;

    private const int StepBytes = 64 * 1024;

    public CompressionType Type => CompressionType.Zstd;

    public void Compress(ReadOnlySpan<byte> source, PooledBufferWriter destination, int? level = null)
    {
        using var compressor = new Compressor(level ?? Level);
        Span<byte> output = destination.GetSpan(Compressor.GetCompressBound(source.Length));
        destination.Advance(compressor.Wrap(source, output));
    }

    public unsafe void Decompress(ReadOnlySpan<byte> source, PooledBufferWriter destination, int maxOutputBytes)
    {
        int start = destination.WrittenCount;
        if (source.IsEmpty)
        {
            throw new CorruptRecordException("Zstd: no bytes, so no frame.");
        }

        // SAFETY: the stream lives only inside this fixed block and is bounded by source.Length.
        fixed (byte* pointer = source)
        {
            using var input = new UnmanagedMemoryStream(pointer, source.Length);
            using var zstd = new DecompressionStream(input, checkEndOfStream: true);
            zstd.SetParameter(ZstdSharp.Unsafe.ZSTD_dParameter.ZSTD_d_windowLogMax, MostWindowLog);
            try
            {
                while (true)
                {
                    int room = (int)Math.Min(StepBytes, (long)maxOutputBytes + 1 - (destination.WrittenCount - start));
                    using PooledBuffer step = PooledBuffer.Rent(room);
                    int read = zstd.Read(step.Span);
                    if (read == 0)
                    {
                        break;
                    }

                    OutputLimit.ThrowIfOver(Type, (long)destination.WrittenCount - start + read, maxOutputBytes);
                    destination.Write(step.Span[..read]);
                }
            }
            catch (Exception e) when (e is ZstdException or EndOfStreamException)
            {
                throw new CorruptRecordException("Zstd: " + e.Message, e);
            }
        }
    }
}
