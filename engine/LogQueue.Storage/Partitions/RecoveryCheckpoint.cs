using System.Buffers.Binary;
using LogQueue.Records.Checksums;
using LogQueue.Storage.Files;
using LogQueue.Storage.Indexes;
using LogQueue.Storage.Segments;

namespace LogQueue.Storage.Partitions;

/// <summary>
/// Where recovery starts, in <c>recovery.ckpt</c>: two slots of 4,096 bytes that are written in turn, in place, so that a torn write
/// leaves the other one:
/// <code>
/// 0   "LQCK"          8   int64 generation       16  int64 log start offset     24  int64 recovery point (offset)
/// 4   int16 version 2  32 int64 segment base      40  int64 position in it       6   int16 flags
/// 48  int32 bytes of that segment's .index, -2 unless the log was closed         52  uint32 CRC-32C of it
/// 56  int32 bytes of its .timeindex               60  uint32 CRC-32C of it
/// 64  int32 bytes of its .txnindex, -1: none      68  uint32 CRC-32C of it       72  uint32 CRC-32C of bytes 0-71
/// </code>
/// Flag 1: the segment has an offset in it for every record below the position, none is missing (what compaction would leave).
/// Big-endian. The newest slot with a right checksum counts. With none, the log is scanned from its first segment. Immutable.
/// </summary>
internal sealed record RecoveryCheckpoint(long Generation, long LogStartOffset, long RecoveryPoint, long SegmentBaseOffset, long Position)
{
    /// <summary>The index files of that segment when the log was closed; null while it is open.</summary>
    public IndexFingerprint? Indexes { get; init; }

    /// <summary>The transaction index of that segment, which is written before every checkpoint.</summary>
    public FileFingerprint Transactions { get; init; } = FileFingerprint.Missing;

    /// <summary>No offset is missing in that segment below that position.</summary>
    public bool IsDense { get; init; }

    internal const string FileName = "recovery.ckpt";

    /// <summary>The generation of a checkpoint that says what Kafka's own files said; the log's first one of ours is 1.</summary>
    internal const long KafkaGeneration = 0;

    internal const int SlotBytes = 4096;
    private const int ContentBytes = 76;
    private const int DenseFlag = 1;
    private const uint Magic = 0x4C51434B;

    /// <summary>
    /// What it says of the log's last segment, which no cleaner has changed since; null when it says nothing. Where the log start has
    /// passed the recovery point, records may be missing before it that were damaged and then deleted.
    /// </summary>
    internal TailAnchor? AnchorOf(LogSegment last) => Generation != KafkaGeneration && SegmentBaseOffset == last.BaseOffset
        ? new TailAnchor(Position, LogStartOffset < RecoveryPoint ? RecoveryPoint : -1) : null;

    /// <summary>True when no offset can be missing in the log's last segment.</summary>
    internal bool IsWithoutGaps(LogSegment last) => Generation != KafkaGeneration
        && (last.BaseOffset > SegmentBaseOffset || (last.BaseOffset == SegmentBaseOffset && (IsDense || Position == 0)));

    /// <summary>Reads the newest good slot; null when there is none.</summary>
    internal static RecoveryCheckpoint? TryLoad(IStorageDevice device, string directory)
    {
        string path = Path.Combine(directory, FileName);
        if (!device.FileExists(path))
        {
            return null;
        }

        using IStorageFile file = device.Open(path, StorageOpenMode.Read);
        Span<byte> slot = stackalloc byte[ContentBytes];
        RecoveryCheckpoint? newest = null;
        for (int i = 0; i < 2; i++)
        {
            slot.Clear();
            _ = file.Read(i * SlotBytes, slot);
            if (TryParse(slot) is { } found
                && (newest is null || found.Generation > newest.Generation != PlantedBugs.IsOn(PlantedBug.TrustStaleCheckpoint)))
            {
                newest = found;
            }
        }

        return newest;
    }

    /// <summary>Writes it into the slot of its generation and syncs.</summary>
    internal void Save(IStorageDevice device, string directory)
    {
        string path = Path.Combine(directory, FileName);
        bool isNew = !device.FileExists(path);
        using (IStorageFile file = device.Open(path, StorageOpenMode.OpenOrCreate))
        {
            Span<byte> slot = stackalloc byte[ContentBytes];
            slot.Clear();
            BinaryPrimitives.WriteUInt32BigEndian(slot, Magic);
            BinaryPrimitives.WriteInt16BigEndian(slot[4..], 2);
            BinaryPrimitives.WriteInt16BigEndian(slot[6..], (short)(IsDense ? DenseFlag : 0));
            BinaryPrimitives.WriteInt64BigEndian(slot[8..], Generation);
            BinaryPrimitives.WriteInt64BigEndian(slot[16..], LogStartOffset);
            BinaryPrimitives.WriteInt64BigEndian(slot[24..], RecoveryPoint);
            BinaryPrimitives.WriteInt64BigEndian(slot[32..], SegmentBaseOffset);
            BinaryPrimitives.WriteInt64BigEndian(slot[40..], Position);
            IndexFingerprint indexes = Indexes ?? new IndexFingerprint(-2, 0, -2, 0);
            BinaryPrimitives.WriteInt32BigEndian(slot[48..], indexes.OffsetIndexBytes);
            BinaryPrimitives.WriteUInt32BigEndian(slot[52..], indexes.OffsetIndexChecksum);
            BinaryPrimitives.WriteInt32BigEndian(slot[56..], indexes.TimeIndexBytes);
            BinaryPrimitives.WriteUInt32BigEndian(slot[60..], indexes.TimeIndexChecksum);
            BinaryPrimitives.WriteInt32BigEndian(slot[64..], Transactions.Bytes);
            BinaryPrimitives.WriteUInt32BigEndian(slot[68..], Transactions.Checksum);
            BinaryPrimitives.WriteUInt32BigEndian(slot[72..], Crc32C.Compute(slot[..72]));
            if (isNew)
            {
                file.Allocate(2 * SlotBytes); // later saves must not need room: they are what makes room
            }

            file.Write(Generation % 2 * SlotBytes, slot);
            file.DataSync();
        }

        if (isNew)
        {
            device.SyncDirectory(directory);
        }
    }

    private static RecoveryCheckpoint? TryParse(ReadOnlySpan<byte> slot)
    {
        if (BinaryPrimitives.ReadUInt32BigEndian(slot) != Magic || BinaryPrimitives.ReadInt16BigEndian(slot[4..]) != 2
            || BinaryPrimitives.ReadUInt32BigEndian(slot[72..]) != Crc32C.Compute(slot[..72]))
        {
            return null;
        }

        var indexes = new IndexFingerprint(
            BinaryPrimitives.ReadInt32BigEndian(slot[48..]),
            BinaryPrimitives.ReadUInt32BigEndian(slot[52..]),
            BinaryPrimitives.ReadInt32BigEndian(slot[56..]),
            BinaryPrimitives.ReadUInt32BigEndian(slot[60..]));
        var transactions = new FileFingerprint(
            BinaryPrimitives.ReadInt32BigEndian(slot[64..]), BinaryPrimitives.ReadUInt32BigEndian(slot[68..]));
        return new RecoveryCheckpoint(
            BinaryPrimitives.ReadInt64BigEndian(slot[8..]),
            BinaryPrimitives.ReadInt64BigEndian(slot[16..]),
            BinaryPrimitives.ReadInt64BigEndian(slot[24..]),
            BinaryPrimitives.ReadInt64BigEndian(slot[32..]),
            BinaryPrimitives.ReadInt64BigEndian(slot[40..]))
        {
            Indexes = indexes.OffsetIndexBytes == -2 ? null : indexes with { Transactions = transactions },
            Transactions = transactions,
            IsDense = (BinaryPrimitives.ReadInt16BigEndian(slot[6..]) & DenseFlag) != 0,
        };
    }
}
