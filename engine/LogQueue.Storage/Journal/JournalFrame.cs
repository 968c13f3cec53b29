using System.Buffers.Binary;
using System.Text;
using LogQueue.Records.Checksums;

namespace LogQueue.Storage.Journal;

/// <summary>
/// Bytes of one segment file, as they stand in the commit journal:
/// <code>
/// 0   "LQJF"                     4   uint32 CRC-32C of byte 8 to the end of the frame
/// 8   int64 generation           16  int64 sequence: counts the frames of both journal files
/// 24  int64 segment base offset  32  int64 position of the payload in that segment's .log
/// 40  int32 payload bytes        44  int32 bytes of the directory name
/// 48  the partition's directory name, UTF-8; then the payload
/// </code>
/// Big-endian. A frame counts when its checksum is right and its generation is that of its file. Immutable.
/// </summary>
internal readonly record struct JournalFrame(
    long Generation, long Sequence, string DirectoryName, long SegmentBaseOffset, long Position, ReadOnlyMemory<byte> Payload)
{
    internal const int HeaderBytes = 48;
    private const int MostNameBytes = 1024;
    private const uint Magic = 0x4C514A46;

    /// <summary>Bytes of a frame with these parts.</summary>
    internal static int SizeOf(string directoryName, int payloadBytes) =>
        HeaderBytes + Encoding.UTF8.GetByteCount(directoryName) + payloadBytes;

    /// <summary>
    /// Writes the header and name; the caller fills the rest of <paramref name="frame"/> (all of it, no more) with the payload, then calls
    /// <see cref="Complete"/>. Returns where the payload begins.
    /// </summary>
    internal static int Begin(
        Span<byte> frame, long generation, long sequence, string directoryName, long segmentBaseOffset, long position)
    {
        int nameBytes = Encoding.UTF8.GetBytes(directoryName, frame[HeaderBytes..]);
        BinaryPrimitives.WriteUInt32BigEndian(frame, Magic);
        BinaryPrimitives.WriteInt64BigEndian(frame[8..], generation);
        BinaryPrimitives.WriteInt64BigEndian(frame[16..], sequence);
        BinaryPrimitives.WriteInt64BigEndian(frame[24..], segmentBaseOffset);
        BinaryPrimitives.WriteInt64BigEndian(frame[32..], position);
        BinaryPrimitives.WriteInt32BigEndian(frame[40..], frame.Length - HeaderBytes - nameBytes);
        BinaryPrimitives.WriteInt32BigEndian(frame[44..], nameBytes);
        return HeaderBytes + nameBytes;
    }

    /// <summary>Sets the checksum of a filled frame.</summary>
    internal static void Complete(Span<byte> frame) => BinaryPrimitives.WriteUInt32BigEndian(frame[4..], Crc32C.Compute(frame[8..]));

    /// <summary>Reads the frame at the front; false when there is none of this generation that is whole.</summary>
    internal static bool TryRead(ReadOnlyMemory<byte> bytes, long generation, out JournalFrame frame, out int sizeBytes)
    {
        ReadOnlySpan<byte> span = bytes.Span;
        frame = default;
        sizeBytes = 0;
        if (span.Length < HeaderBytes || BinaryPrimitives.ReadUInt32BigEndian(span) != Magic
            || BinaryPrimitives.ReadInt64BigEndian(span[8..]) != generation)
        {
            return false;
        }

        int payloadBytes = BinaryPrimitives.ReadInt32BigEndian(span[40..]);
        int nameBytes = BinaryPrimitives.ReadInt32BigEndian(span[44..]);
        if (payloadBytes < 0 || nameBytes is < 1 or > MostNameBytes || payloadBytes > span.Length - HeaderBytes - nameBytes)
        {
            return false;
        }

        sizeBytes = HeaderBytes + nameBytes + payloadBytes;
        if (BinaryPrimitives.ReadUInt32BigEndian(span[4..]) != Crc32C.Compute(span[8..sizeBytes]))
        {
            return false;
        }

        frame = new JournalFrame(
            generation,
            BinaryPrimitives.ReadInt64BigEndian(span[16..]),
            Encoding.UTF8.GetString(span.Slice(HeaderBytes, nameBytes)),
            BinaryPrimitives.ReadInt64BigEndian(span[24..]),
            BinaryPrimitives.ReadInt64BigEndian(span[32..]),
            bytes.Slice(HeaderBytes + nameBytes, payloadBytes));
        return frame.SegmentBaseOffset >= 0 && frame.Position >= 0;
    }
}
