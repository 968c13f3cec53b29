using System.Buffers.Binary;
using LogQueue.Records.Checksums;
using LogQueue.Storage.Files;

namespace LogQueue.Storage.Compaction;

/// <summary>
/// The one decision of a swap, in <c>compaction.manifest</c>: from the moment it is durable, the cleaned segment counts and the segments it
/// was made of do not.
/// <code>
/// 0   "LQSM"       8   int64 base offset of the cleaned segment, and of the first that it replaces
/// 4   int16 1      16  int32 n, more segments replaced           20  int64 x n their base offsets, rising
/// 6   int16 1 when the cleaned segment has a transaction index   20 + 8n  uint32 CRC-32C of all before it
/// </code>
/// Big-endian. The steps, each durable before the next: the cleaned files under names that end in <c>.cleaned</c>; this manifest; the
/// cleaned files renamed to their own names, over the old ones, and the other old files deleted; this manifest deleted. Recovery without
/// it removes <c>.cleaned</c> files (the old set); with it, it renames what is not renamed and deletes what is not deleted (the new set).
/// Both may be cut short and begun again. It is written aside and renamed, so it is never torn; one that is damaged all the same is kept
/// under another name, and decides nothing. Immutable.
/// </summary>
internal sealed record SwapManifest(long BaseOffset, bool HasTransactionIndex, long[] OtherBaseOffsets)
{
    internal const string FileName = "compaction.manifest";

    /// <summary>Ends the names of files that are not yet part of the log.</summary>
    internal const string CleanedSuffix = ".cleaned";
    private const string DamagedName = "compaction.manifest.damaged";
    private const int HeaderBytes = 20;
    private const uint Magic = 0x4C51534D;

    private static readonly string[] AlwaysThere =
        [SegmentFileName.Log, SegmentFileName.OffsetIndex, SegmentFileName.TimeIndex, SegmentFileName.Seal];

    /// <summary>Decides: durable when it returns. The cleaned files and their names are durable already.</summary>
    internal void Save(IStorageDevice device, string directory) =>
        device.ReplaceDurably(Path.Combine(directory, FileName), ToBytes());

    /// <summary>Does what was decided; durable when it returns. May be run again after a crash anywhere in it.</summary>
    internal void Finish(IStorageDevice device, string directory)
    {
        foreach (string extension in AlwaysThere)
        {
            RenameIfThere(device, directory, extension);
        }

        if (HasTransactionIndex)
        {
            RenameIfThere(device, directory, SegmentFileName.TransactionIndex);
        }
        else
        {
            device.DeleteIfExists(SegmentFileName.PathOf(directory, BaseOffset, SegmentFileName.TransactionIndex));
        }

        foreach (long other in OtherBaseOffsets)
        {
            foreach (string extension in (ReadOnlySpan<string>)[SegmentFileName.Seal, SegmentFileName.OffsetIndex,
                SegmentFileName.TimeIndex, SegmentFileName.TransactionIndex, SegmentFileName.Snapshot, SegmentFileName.Log])
            {
                device.DeleteIfExists(SegmentFileName.PathOf(directory, other, extension));
            }
        }

        device.SyncDirectory(directory);
        device.Delete(Path.Combine(directory, FileName));
        device.SyncDirectory(directory); // or the next swap could meet this decision again
    }

    /// <summary>Finishes or undoes what a crash left half done; true when there was anything. Before a log is opened.</summary>
    internal static bool Recover(IStorageDevice device, string directory)
    {
        bool any = false;
        string path = Path.Combine(directory, FileName);
        if (device.ReadWhole(path) is { } bytes)
        {
            any = true;
            if (TryParse(bytes) is { } manifest)
            {
                manifest.Finish(device, directory);
            }
            else
            {
                device.Rename(path, Path.Combine(directory, DamagedName));
            }
        }

        foreach (string name in device.ListFiles(directory))
        {
            if (name.EndsWith(CleanedSuffix, StringComparison.Ordinal))
            {
                any = true;
                device.Delete(Path.Combine(directory, name)); // never decided on: the old segments hold all of it
            }
        }

        return any;
    }

    /// <summary>Parses it; null when it is not right.</summary>
    internal static SwapManifest? TryParse(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderBytes + 4 || BinaryPrimitives.ReadUInt32BigEndian(bytes) != Magic
            || BinaryPrimitives.ReadInt16BigEndian(bytes[4..]) != 1
            || BinaryPrimitives.ReadUInt32BigEndian(bytes[^4..]) != Crc32C.Compute(bytes[..^4]))
        {
            return null;
        }

        long count = BinaryPrimitives.ReadInt32BigEndian(bytes[16..]);
        if (count < 0 || bytes.Length != HeaderBytes + (count * 8) + 4)
        {
            return null;
        }

        var others = new long[count];
        for (int i = 0; i < others.Length; i++)
        {
            others[i] = BinaryPrimitives.ReadInt64BigEndian(bytes[(HeaderBytes + (i * 8))..]);
        }

        return new SwapManifest(
            BinaryPrimitives.ReadInt64BigEndian(bytes[8..]), BinaryPrimitives.ReadInt16BigEndian(bytes[6..]) == 1, others);
    }

    /// <summary>The bytes of the file.</summary>
    internal byte[] ToBytes()
    {
        byte[] bytes = new byte[HeaderBytes + (OtherBaseOffsets.Length * 8) + 4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, Magic);
        BinaryPrimitives.WriteInt16BigEndian(bytes.AsSpan(4), 1);
        BinaryPrimitives.WriteInt16BigEndian(bytes.AsSpan(6), (short)(HasTransactionIndex ? 1 : 0));
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(8), BaseOffset);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(16), OtherBaseOffsets.Length);
        for (int i = 0; i < OtherBaseOffsets.Length; i++)
        {
            BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(HeaderBytes + (i * 8)), OtherBaseOffsets[i]);
        }

        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(bytes.Length - 4), Crc32C.Compute(bytes.AsSpan(0, bytes.Length - 4)));
        return bytes;
    }

    private void RenameIfThere(IStorageDevice device, string directory, string extension)
    {
        string path = SegmentFileName.PathOf(directory, BaseOffset, extension);
        if (device.FileExists(path + CleanedSuffix))
        {
            device.Rename(path + CleanedSuffix, path);
        }
    }
}
