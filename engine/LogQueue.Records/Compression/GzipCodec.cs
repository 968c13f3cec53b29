using System.IO.Compression;
using LogQueue.Wire.Memory;

namespace LogQueue.Records.Compression;

/// <summary>gzip (RFC 1952) by the framework. Thread-safe.</summary>
internal sealed class GzipCodec : ICompressionCodec
{
    private const int StepBytes = 64 * 1024;

    /// <summary>Header and trailer of a member without content (RFC 1952).</summary>
    private const int LeastMemberBytes = 18;

    public CompressionType Type => CompressionType.Gzip;

    /// <summary>A member without content; the framework writes nothing at all for nothing.</summary>
    private static ReadOnlySpan<byte> EmptyMember => [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    public void Compress(ReadOnlySpan<byte> source, PooledBufferWriter destination, int? level = null)
    {
        if (source.IsEmpty)
        {
            destination.Write(EmptyMember);
            return;
        }

        using var stream = new WriterStream(destination);
        using GZipStream gzip = level is >= 1 and <= 9
            ? new GZipStream(stream, new ZLibCompressionOptions { CompressionLevel = level.Value }, leaveOpen: true)
            : new GZipStream(stream, CompressionLevel.Fastest, leaveOpen: true);
        gzip.Write(source);
    }

    public unsafe void Decompress(ReadOnlySpan<byte> source, PooledBufferWriter destination, int maxOutputBytes)
    {
        int start = destination.WrittenCount;
        if (source.Length < LeastMemberBytes)
        {
            throw new CorruptRecordException($"Gzip: {source.Length} bytes are no gzip member.");
        }

        // SAFETY: the stream lives only inside this fixed block and is bounded by source.Length.
        fixed (byte* pointer = source)
        {
            using var input = new UnmanagedMemoryStream(pointer, source.Length);
            using var gzip = new GZipStream(input, CompressionMode.Decompress);
            try
            {
                while (true)
                {
                    // One byte over the limit is asked for, so that reaching it and passing it can be told apart.
                    int room = (int)Math.Min(StepBytes, (long)maxOutputBytes + 1 - (destination.WrittenCount - start));
                    using PooledBuffer step = PooledBuffer.Rent(room);
                    int read = gzip.Read(step.Span);
                    if (read == 0)
                    {
                        break;
                    }

                    OutputLimit.ThrowIfOver(Type, (long)destination.WrittenCount - start + read, maxOutputBytes);
                    destination.Write(step.Span[..read]);
                }
            }
            catch (InvalidDataException e)
            {
                throw new CorruptRecordException("Gzip: " + e.Message, e);
            }
        }
    }

    /// <summary>A write-only stream over a pooled writer. Not thread-safe.</summary>
    private sealed class WriterStream(PooledBufferWriter destination) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Write(ReadOnlySpan<byte> buffer) => destination.Write(buffer);

        public override void Write(byte[] buffer, int offset, int count) => destination.Write(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
