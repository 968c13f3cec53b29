using System.Buffers.Binary;
using LogQueue.Records.Checksums;
using LogQueue.Storage.Files;

namespace LogQueue.Storage.Partitions;

/// <summary>
/// A producer table as a file, in Kafka's format: int16 version 1, uint32 CRC-32C of what follows it, int32 count, then per producer 46
/// bytes:
/// int64 id, int16 epoch, int32 last sequence, int64 last offset, int32 offset delta of that batch, int64 time, int32 coordinator epoch,
/// int64 first offset of the open transaction. A cache: damaged or missing means replaying more of the log. Stateless.
/// </summary>
internal static class ProducerSnapshot
{
    private const int HeaderBytes = 10;
    private const int EntryBytes = 46;

    internal static byte[] ToBytes(ProducerStateTable table)
    {
        var bytes = new byte[HeaderBytes + (table.Count * EntryBytes)];
        BinaryPrimitives.WriteInt16BigEndian(bytes, 1);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(6), table.Count);
        int at = HeaderBytes;
        foreach (ProducerEntry entry in table.Entries)
        {
            Span<byte> b = bytes.AsSpan(at, EntryBytes);
            bool hasBatch = entry.BatchCount > 0;
            BinaryPrimitives.WriteInt64BigEndian(b, entry.ProducerId);
            BinaryPrimitives.WriteInt16BigEndian(b[8..], entry.Epoch);
            BinaryPrimitives.WriteInt32BigEndian(b[10..], entry.LastSequence);
            BinaryPrimitives.WriteInt64BigEndian(b[14..], hasBatch ? entry.LastBatch.LastOffset : -1);
            BinaryPrimitives.WriteInt32BigEndian(b[22..], hasBatch ? (int)(entry.LastBatch.LastOffset - entry.LastBatch.FirstOffset) : 0);
            BinaryPrimitives.WriteInt64BigEndian(b[26..], entry.LastSeenMs);
            BinaryPrimitives.WriteInt32BigEndian(b[34..], entry.CoordinatorEpoch);
            BinaryPrimitives.WriteInt64BigEndian(b[38..], entry.TransactionFirstOffset);
            at += EntryBytes;
        }

        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(2), Crc32C.Compute(bytes.AsSpan(6)));
        return bytes;
    }

    /// <summary>Reads a snapshot; null when it is missing or not right.</summary>
    internal static ProducerStateTable? TryLoad(IStorageDevice device, string path) => device.ReadWhole(path) is { } bytes
        ? TryParse(bytes) : null;

    /// <summary>Parses a snapshot; null when it is not right.</summary>
    internal static ProducerStateTable? TryParse(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderBytes || BinaryPrimitives.ReadInt16BigEndian(bytes) != 1
            || BinaryPrimitives.ReadUInt32BigEndian(bytes[2..]) != Crc32C.Compute(bytes[6..]))
        {
            return null;
        }

        long count = BinaryPrimitives.ReadInt32BigEndian(bytes[6..]);
        if (count < 0 || bytes.Length != HeaderBytes + (count * EntryBytes))
        {
            return null;
        }

        var table = new ProducerStateTable();
        for (int at = HeaderBytes; at < bytes.Length; at += EntryBytes)
        {
            ReadOnlySpan<byte> b = bytes.Slice(at, EntryBytes);
            var entry = new ProducerEntry(BinaryPrimitives.ReadInt64BigEndian(b))
            {
                Epoch = BinaryPrimitives.ReadInt16BigEndian(b[8..]),
                LastSeenMs = BinaryPrimitives.ReadInt64BigEndian(b[26..]),
                CoordinatorEpoch = BinaryPrimitives.ReadInt32BigEndian(b[34..]),
                TransactionFirstOffset = BinaryPrimitives.ReadInt64BigEndian(b[38..]),
            };
            int lastSequence = BinaryPrimitives.ReadInt32BigEndian(b[10..]);
            long lastOffset = BinaryPrimitives.ReadInt64BigEndian(b[14..]);
            int delta = BinaryPrimitives.ReadInt32BigEndian(b[22..]);
            if (lastSequence >= 0)
            {
                // Sequences wrap from 2^31-1 to 0.
                int first = lastSequence >= delta ? lastSequence - delta : (int)(lastSequence - (long)delta + (1L << 31));
                entry.Remember(new ProducerBatch(first, lastSequence, lastOffset - delta, lastOffset));
            }

            table.Restore(entry);
        }

        return table;
    }
}
