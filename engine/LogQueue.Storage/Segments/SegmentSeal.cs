using System.Buffers.Binary;
using LogQueue.Records;
using LogQueue.Records.Checksums;
using LogQueue.Storage.Files;
using LogQueue.Storage.Indexes;

namespace LogQueue.Storage.Segments;

/// <summary>
/// The seal of an immutable segment, in a file beside it:
/// <code>
/// 0   "LQSL"                       36  int64  last timestamp's offset (last offset of its batch)
/// 4   int16  version 2             44  int64  first batch's max timestamp
/// 6   int16  1: has offset gaps     52  int64  bytes of the .log
/// 8   int64  base offset           60  int32  block size, 65536
/// 16  int64  next offset           64  int32  bytes of .index      68  int32  bytes of .timeindex
/// 24  uint32 CRC-32C of .index     72  uint32 CRC-32C of .timeindex
/// 28  int64  max timestamp         76  int32  bytes of .txnindex, -1: none  80  uint32 CRC-32C of .txnindex
/// 84  uint32 CRC-32C of each block of the .log, then uint32 CRC-32C of all before it
/// </code>
/// Big-endian. A seal is written after the log and the indexes were synced, so its presence says that they are whole. A seal that is
/// missing, damaged or of another length is no damage of the log: the segment is scanned, its indexes rebuilt, and it is sealed again.
/// Immutable.
/// </summary>
internal sealed class SegmentSeal
{
    internal const int BlockBytes = 64 << 10;
    private const int HeaderBytes = 84;
    private const uint Magic = 0x4C51534C;

    public required long BaseOffset { get; init; }

    public required long NextOffset { get; init; }

    public required long MaxTimestampMs { get; init; }

    public required long OffsetOfMaxTimestamp { get; init; }

    public required long FirstTimestampMs { get; init; }

    public required long LogBytes { get; init; }

    public required IndexFingerprint Indexes { get; init; }

    public required uint[] BlockChecksums { get; init; }

    /// <summary>True when offsets are missing between its batches (compaction): then an offset is not proved by its neighbours.</summary>
    public bool HasGaps { get; init; }

    /// <summary>Reads the whole log of a trimmed segment, checks every batch of it, and describes it. A seal never covers damage.</summary>
    /// <exception cref="CorruptLogException">The log is not what was written.</exception>
    public static SegmentSeal Of(IStorageDevice device, LogSegment segment)
    {
        long bytes = segment.SizeBytes;
        var checksums = new uint[(bytes + BlockBytes - 1) / BlockBytes];
        using var scanner = new SegmentScanner(segment.Log.File, 0, bytes, segment.BaseOffset, allowGaps: true);
        bool hasGaps = false;
        for (long expected = segment.BaseOffset; scanner.MoveNext(); expected = scanner.NextOffset)
        {
            hasGaps |= new RecordBatchView(scanner.Current).BaseOffset != expected;
            AddTo(checksums, scanner.Position, scanner.Current);
        }

        if (scanner.StopReason is not null || scanner.NextOffset != segment.NextOffset)
        {
            throw new CorruptLogException(segment.Log.Path, scanner.Position, $"batches up to offset {segment.NextOffset}",
                scanner.StopReason ?? $"the end after offset {scanner.NextOffset - 1}");
        }

        return new SegmentSeal
        {
            BaseOffset = segment.BaseOffset,
            NextOffset = segment.NextOffset,
            MaxTimestampMs = segment.MaxTimestampMs,
            OffsetOfMaxTimestamp = segment.OffsetOfMaxTimestamp,
            FirstTimestampMs = segment.FirstTimestampMs,
            LogBytes = bytes,
            Indexes = segment.FingerprintIndexes(device),
            BlockChecksums = checksums,
            HasGaps = hasGaps,
        };
    }

    private static void AddTo(uint[] checksums, long position, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            long block = position / BlockBytes;
            int count = (int)Math.Min(bytes.Length, ((block + 1) * BlockBytes) - position);
            checksums[block] = Crc32C.Append(checksums[block], bytes[..count]);
            bytes = bytes[count..];
            position += count;
        }
    }

    /// <summary>Reads a seal; null when it is missing or not right.</summary>
    public static SegmentSeal? TryLoad(IStorageDevice device, string path) => device.ReadWhole(path) is { } bytes ? TryParse(bytes) : null;

    /// <summary>Parses a seal; null when it is not right.</summary>
    public static SegmentSeal? TryParse(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderBytes + 4 || BinaryPrimitives.ReadUInt32BigEndian(bytes) != Magic
            || BinaryPrimitives.ReadInt16BigEndian(bytes[4..]) != 2
            || BinaryPrimitives.ReadInt16BigEndian(bytes[6..]) is not (0 or 1)
            || Crc32C.Compute(bytes[..^4]) != BinaryPrimitives.ReadUInt32BigEndian(bytes[^4..]))
        {
            return null;
        }

        long logBytes = BinaryPrimitives.ReadInt64BigEndian(bytes[52..]);
        long blocks = (logBytes + BlockBytes - 1) / BlockBytes;
        if (logBytes < 0 || BinaryPrimitives.ReadInt32BigEndian(bytes[60..]) != BlockBytes
            || bytes.Length != HeaderBytes + 4 + (blocks * 4))
        {
            return null;
        }

        var checksums = new uint[blocks];
        for (int i = 0; i < checksums.Length; i++)
        {
            checksums[i] = BinaryPrimitives.ReadUInt32BigEndian(bytes[(HeaderBytes + (i * 4))..]);
        }

        return new SegmentSeal
        {
            BaseOffset = BinaryPrimitives.ReadInt64BigEndian(bytes[8..]),
            NextOffset = BinaryPrimitives.ReadInt64BigEndian(bytes[16..]),
            MaxTimestampMs = BinaryPrimitives.ReadInt64BigEndian(bytes[28..]),
            OffsetOfMaxTimestamp = BinaryPrimitives.ReadInt64BigEndian(bytes[36..]),
            FirstTimestampMs = BinaryPrimitives.ReadInt64BigEndian(bytes[44..]),
            LogBytes = logBytes,
            Indexes = new IndexFingerprint(
                BinaryPrimitives.ReadInt32BigEndian(bytes[64..]),
                BinaryPrimitives.ReadUInt32BigEndian(bytes[24..]),
                BinaryPrimitives.ReadInt32BigEndian(bytes[68..]),
                BinaryPrimitives.ReadUInt32BigEndian(bytes[72..]))
            {
                Transactions = new FileFingerprint(
                    BinaryPrimitives.ReadInt32BigEndian(bytes[76..]), BinaryPrimitives.ReadUInt32BigEndian(bytes[80..])),
            },
            BlockChecksums = checksums,
            HasGaps = BinaryPrimitives.ReadInt16BigEndian(bytes[6..]) == 1,
        };
    }

    /// <summary>The bytes of the seal file.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[HeaderBytes + (BlockChecksums.Length * 4) + 4];
        Span<byte> b = bytes;
        BinaryPrimitives.WriteUInt32BigEndian(b, Magic);
        BinaryPrimitives.WriteInt16BigEndian(b[4..], 2);
        BinaryPrimitives.WriteInt16BigEndian(b[6..], (short)(HasGaps ? 1 : 0));
        BinaryPrimitives.WriteInt64BigEndian(b[8..], BaseOffset);
        BinaryPrimitives.WriteInt64BigEndian(b[16..], NextOffset);
        BinaryPrimitives.WriteInt64BigEndian(b[28..], MaxTimestampMs);
        BinaryPrimitives.WriteInt64BigEndian(b[36..], OffsetOfMaxTimestamp);
        BinaryPrimitives.WriteInt64BigEndian(b[44..], FirstTimestampMs);
        BinaryPrimitives.WriteInt64BigEndian(b[52..], LogBytes);
        BinaryPrimitives.WriteInt32BigEndian(b[60..], BlockBytes);
        BinaryPrimitives.WriteUInt32BigEndian(b[24..], Indexes.OffsetIndexChecksum);
        BinaryPrimitives.WriteInt32BigEndian(b[64..], Indexes.OffsetIndexBytes);
        BinaryPrimitives.WriteInt32BigEndian(b[68..], Indexes.TimeIndexBytes);
        BinaryPrimitives.WriteUInt32BigEndian(b[72..], Indexes.TimeIndexChecksum);
        BinaryPrimitives.WriteInt32BigEndian(b[76..], Indexes.Transactions.Bytes);
        BinaryPrimitives.WriteUInt32BigEndian(b[80..], Indexes.Transactions.Checksum);
        for (int i = 0; i < BlockChecksums.Length; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(b[(HeaderBytes + (i * 4))..], BlockChecksums[i]);
        }

        BinaryPrimitives.WriteUInt32BigEndian(b[^4..], Crc32C.Compute(b[..^4]));
        return bytes;
    }
}
