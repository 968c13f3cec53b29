using System.Buffers.Binary;
using LogQueue.Records.Checksums;
using LogQueue.Storage.Files;

namespace LogQueue.Storage.Compaction;

/// <summary>
/// How far a log is clean, in <c>cleaner.ckpt</c>, 28 bytes, big-endian:
/// <code>
/// 0   "LQCC"        8   int64 first dirty offset: every key below it occurs once
/// 4   int16 1       16  int64 earliest delete horizon in ms below it; the largest number for none
/// 6   int16 0       24  uint32 CRC-32C of bytes 0-23
/// </code>
/// A cache: when it is missing, damaged or of another version the whole log counts as dirty, and one pass puts that right. It is reset
/// before a log is cut, since it must not call clean what is appended after. That it is there, whatever it holds, tells that the log was
/// compacted once, so that offsets which no file holds are no damage, also after the policy has changed: its name is durable before the
/// first swap of segments. Immutable.
/// </summary>
internal sealed record CleanCheckpoint(long FirstDirtyOffset, long NextHorizonMs)
{
    internal const string FileName = "cleaner.ckpt";
    private const int SizeBytes = 28;
    private const uint Magic = 0x4C514343;

    /// <summary>A log that was never cleaned.</summary>
    internal static CleanCheckpoint None { get; } = new(0, long.MaxValue);

    /// <summary>Reads it; null when it is missing or not right.</summary>
    internal static CleanCheckpoint? TryLoad(IStorageDevice device, string directory) =>
        device.ReadWhole(Path.Combine(directory, FileName)) is { } bytes ? TryParse(bytes) : null;

    /// <summary>Parses it; null when it is not right.</summary>
    internal static CleanCheckpoint? TryParse(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != SizeBytes || BinaryPrimitives.ReadUInt32BigEndian(bytes) != Magic
            || BinaryPrimitives.ReadInt16BigEndian(bytes[4..]) != 1
            || BinaryPrimitives.ReadUInt32BigEndian(bytes[24..]) != Crc32C.Compute(bytes[..24]))
        {
            return null;
        }

        long firstDirty = BinaryPrimitives.ReadInt64BigEndian(bytes[8..]);
        return firstDirty < 0 ? null : new CleanCheckpoint(firstDirty, BinaryPrimitives.ReadInt64BigEndian(bytes[16..]));
    }

    /// <summary>The bytes of the file.</summary>
    internal byte[] ToBytes()
    {
        byte[] bytes = new byte[SizeBytes];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, Magic);
        BinaryPrimitives.WriteInt16BigEndian(bytes.AsSpan(4), 1);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(8), FirstDirtyOffset);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(16), NextHorizonMs);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(24), Crc32C.Compute(bytes.AsSpan(0, 24)));
        return bytes;
    }

    /// <summary>Writes it, without a sync. Throws <see cref="StorageException"/>.</summary>
    internal void Save(IStorageDevice device, string directory) =>
        device.ReplaceCache(Path.Combine(directory, FileName), ToBytes());

    /// <summary>Makes it, durably, if it is missing: before the first swap. Throws <see cref="StorageException"/>.</summary>
    internal static void Ensure(IStorageDevice device, string directory)
    {
        string path = Path.Combine(directory, FileName);
        if (!device.FileExists(path))
        {
            device.ReplaceDurably(path, None.ToBytes());
        }
    }

    /// <summary>Calls the whole log dirty, durably, if it was ever cleaned. Throws <see cref="StorageException"/>.</summary>
    internal static void Reset(IStorageDevice device, string directory)
    {
        string path = Path.Combine(directory, FileName);
        if (device.FileExists(path))
        {
            device.ReplaceDurably(path, None.ToBytes());
        }
    }
}
