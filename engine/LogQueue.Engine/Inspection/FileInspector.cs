using System.Buffers.Binary;
using System.Globalization;
using LogQueue.Engine.Topics;
using LogQueue.Storage.Files;
using LogQueue.Storage.Partitions;
using LogQueue.Storage.Segments;

namespace LogQueue.Engine.Inspection;

/// <summary>Reads the small files of a partition directory: indexes, snapshots, seals, checkpoints. Stateless.</summary>
public static class FileInspector
{
    /// <summary>Reads a file by its name; null when it is none of those files.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static FileDump? TryRead(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        return Path.GetExtension(path) switch
        {
            SegmentFileName.OffsetIndex => OffsetIndex(path),
            SegmentFileName.TimeIndex => TimeIndex(path),
            SegmentFileName.TransactionIndex => TransactionIndex(path),
            SegmentFileName.Snapshot => Snapshot(path),
            SegmentFileName.Seal => Seal(path),
            _ => Path.GetFileName(path) switch
            {
                RecoveryCheckpoint.FileName => Checkpoint(path),
                LeaderEpochCheckpoint.FileName => Epochs(path),
                PartitionMetadataFile.FileName => Metadata(path),
                _ => null,
            },
        };
    }

    private static FileDump OffsetIndex(string path)
    {
        long baseOffset = LogInspector.BaseOffset(path);
        List<string[]> rows = [];
        using IndexCursor index = Open(path, entryBytes: 8);
        for (; index.TryPeek(out ReadOnlySpan<byte> entry); index.Advance())
        {
            rows.Add(
                [Text(baseOffset + BinaryPrimitives.ReadInt32BigEndian(entry)), Text(BinaryPrimitives.ReadInt32BigEndian(entry[4..]))]);
        }

        return new FileDump("offset index", ["offset", "position"], rows, null);
    }

    private static FileDump TimeIndex(string path)
    {
        long baseOffset = LogInspector.BaseOffset(path);
        List<string[]> rows = [];
        using IndexCursor index = Open(path, entryBytes: 12);
        for (; index.TryPeek(out ReadOnlySpan<byte> entry); index.Advance())
        {
            rows.Add(
                [Text(BinaryPrimitives.ReadInt64BigEndian(entry)), Text(baseOffset + BinaryPrimitives.ReadInt32BigEndian(entry[8..]))]);
        }

        return new FileDump("time index", ["timestamp_ms", "offset"], rows, null);
    }

    private static FileDump TransactionIndex(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        List<string[]> rows = [];
        const int EntryBytes = 34;
        for (int at = 0; at + EntryBytes <= bytes.Length; at += EntryBytes)
        {
            ReadOnlySpan<byte> entry = bytes.AsSpan(at, EntryBytes);
            rows.Add(
            [
                Text(BinaryPrimitives.ReadInt64BigEndian(entry[2..])), Text(BinaryPrimitives.ReadInt64BigEndian(entry[10..])),
                Text(BinaryPrimitives.ReadInt64BigEndian(entry[18..])), Text(BinaryPrimitives.ReadInt64BigEndian(entry[26..])),
            ]);
        }

        return new FileDump("transaction index", ["producer_id", "first_offset", "last_offset", "last_stable_offset"], rows,
            bytes.Length % EntryBytes == 0 ? null : "the last entry is not whole");
    }

    private static FileDump Snapshot(string path)
    {
        string[] columns =
        [
            "producer_id", "producer_epoch", "last_sequence", "last_offset", "last_time_ms", "coordinator_epoch",
            "transaction_first_offset",
        ];
        return ProducerSnapshot.TryParse(File.ReadAllBytes(path)) is not { } table
            ? new FileDump("producer snapshot", columns, [], "the snapshot is damaged")
            : new FileDump("producer snapshot", columns,
            [
                .. table.Entries.OrderBy(static e => e.ProducerId).Select(static e => new[]
                {
                    Text(e.ProducerId), Text(e.Epoch), Text(e.LastSequence), Text(e.BatchCount > 0 ? e.LastBatch.LastOffset : -1),
                    Text(e.LastSeenMs), Text(e.CoordinatorEpoch), Text(e.TransactionFirstOffset),
                }),
            ], null);
    }

    private static FileDump Seal(string path)
    {
        string[] columns = ["base_offset", "next_offset", "max_timestamp_ms", "log_bytes", "blocks", "index_bytes", "timeindex_bytes"];
        return SegmentSeal.TryParse(File.ReadAllBytes(path)) is not { } seal
            ? new FileDump("seal", columns, [], "the seal is damaged")
            : new FileDump("seal", columns,
            [
                [
                    Text(seal.BaseOffset), Text(seal.NextOffset), Text(seal.MaxTimestampMs), Text(seal.LogBytes),
                    Text(seal.BlockChecksums.Length), Text(seal.Indexes.OffsetIndexBytes), Text(seal.Indexes.TimeIndexBytes),
                ],
            ], null);
    }

    private static FileDump Checkpoint(string path)
    {
        string[] columns = ["generation", "log_start_offset", "recovery_point", "segment", "position"];
        return RecoveryCheckpoint.TryLoad(DiskStorageDevice.Create(), DirectoryOf(path)) is not { } point
            ? new FileDump("recovery checkpoint", columns, [], "neither of its two slots is whole")
            : new FileDump("recovery checkpoint", columns,
            [
                [
                    Text(point.Generation), Text(point.LogStartOffset), Text(point.RecoveryPoint), Text(point.SegmentBaseOffset),
                    Text(point.Position),
                ],
            ], null);
    }

    private static FileDump Epochs(string path)
    {
        string[] lines = File.ReadAllLines(path);
        bool isSound = LeaderEpochCheckpoint.TryLoad(DiskStorageDevice.Create(), DirectoryOf(path)) is not null;
        return new FileDump("leader epochs", ["epoch", "start_offset"], isSound ? [.. lines.Skip(2).Where(static l => l.Length > 0)
            .Select(static l => l.Split(' '))] : [], isSound ? null : "the file cannot be read: its form is wrong");
    }

    private static FileDump Metadata(string path) =>
        PartitionMetadataFile.TryLoad(DiskStorageDevice.Create(), DirectoryOf(path)) is { } id
            ? new FileDump("partition metadata", ["topic_id"], [[KafkaUuid.Format(id)]], null)
            : new FileDump("partition metadata", ["topic_id"], [], "the file names no topic id");

    private static IndexCursor Open(string path, int entryBytes) =>
        IndexCursor.TryOpen(path, entryBytes) ?? throw new FileNotFoundException($"There is no file {path}.", path);

    private static string DirectoryOf(string path) => Path.GetDirectoryName(Path.GetFullPath(path))!;

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}
