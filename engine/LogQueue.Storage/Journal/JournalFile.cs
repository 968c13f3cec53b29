using System.Buffers.Binary;
using LogQueue.Records.Checksums;
using LogQueue.Storage.Files;
using LogQueue.Storage.Segments;

namespace LogQueue.Storage.Journal;

/// <summary>
/// One of the two files of the commit journal. Page 0 is the header; from page 1 on stand rounds, each from a page boundary, so that a
/// round never rewrites a sector of an earlier one:
/// <code>
/// 0   "LQCJ"     4   int16 version 1     6   int16 0     8   int64 generation     16  uint32 CRC-32C of bytes 0-15
/// </code>
/// Big-endian. A new use of the file is a new generation: what older ones left behind no longer counts. Not thread-safe: under the
/// journal's lock.
/// </summary>
internal sealed class JournalFile : IDisposable
{
    internal const int PageBytes = 4096;
    private const uint Magic = 0x4C51434A;

    private readonly IStorageFile _file;
    private readonly int _sizeBytes;
    private bool _isHeaderDue;

    private JournalFile(IStorageFile file, int sizeBytes)
    {
        _file = file;
        _sizeBytes = sizeBytes;
        Position = PageBytes;
    }

    /// <summary>Its present use; 0 before the first.</summary>
    public long Generation { get; private set; }

    /// <summary>Where the next round goes.</summary>
    public int Position { get; private set; }

    /// <summary>The segments that have bytes in this generation.</summary>
    public HashSet<LogSegment> Segments { get; } = [];

    /// <summary>True when all of them are synced themselves, so that the file may be used anew.</summary>
    public bool IsFree { get; set; } = true;

    /// <summary>Bytes left for rounds.</summary>
    public int FreeBytes => _sizeBytes - Position;

    /// <summary>
    /// Creates the file, every block of it written once: a sync of written blocks costs half of one that converts fresh ones.
    /// </summary>
    public static JournalFile Create(IStorageDevice device, string path, int sizeBytes)
    {
        device.DeleteIfExists(path);
        IStorageFile file = device.Open(path, StorageOpenMode.CreateNew);
        try
        {
            file.Allocate(sizeBytes);
            byte[] zeros = new byte[64 << 10];
            for (int at = 0; at < sizeBytes; at += zeros.Length)
            {
                file.Write(at, zeros.AsSpan(0, Math.Min(zeros.Length, sizeBytes - at)));
            }

            file.DataSync();
            return new JournalFile(file, sizeBytes);
        }
        catch (StorageException)
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Reads the generation of a file's header; 0 when it has none that is right.</summary>
    public static long ReadGeneration(ReadOnlySpan<byte> file) =>
        file.Length >= 20 && BinaryPrimitives.ReadUInt32BigEndian(file) == Magic && BinaryPrimitives.ReadInt16BigEndian(file[4..]) == 1
            && BinaryPrimitives.ReadUInt32BigEndian(file[16..]) == Crc32C.Compute(file[..16])
                ? BinaryPrimitives.ReadInt64BigEndian(file[8..]) : 0;

    /// <summary>Starts a new use; durable with its first round.</summary>
    public void Begin(long generation)
    {
        Generation = generation;
        Position = PageBytes;
        Segments.Clear();
        IsFree = false;
        _isHeaderDue = true;
    }

    /// <summary>Writes a round and syncs.</summary>
    public void Write(ReadOnlySpan<byte> round)
    {
        WriteHeaderIfDue();
        _file.Write(Position, round);
        _file.DataSync();
        Position += (round.Length + PageBytes - 1) / PageBytes * PageBytes;
    }

    /// <summary>Makes everything in it void, durably.</summary>
    public void Clear(long generation)
    {
        Begin(generation);
        WriteHeaderIfDue();
        _file.DataSync();
        IsFree = true;
    }

    public void Dispose() => _file.Dispose();

    private void WriteHeaderIfDue()
    {
        if (!_isHeaderDue)
        {
            return;
        }

        Span<byte> header = stackalloc byte[20];
        BinaryPrimitives.WriteUInt32BigEndian(header, Magic);
        BinaryPrimitives.WriteInt16BigEndian(header[4..], 1);
        BinaryPrimitives.WriteInt16BigEndian(header[6..], 0);
        BinaryPrimitives.WriteInt64BigEndian(header[8..], Generation);
        BinaryPrimitives.WriteUInt32BigEndian(header[16..], Crc32C.Compute(header[..16]));
        _file.Write(0, header);
        _isHeaderDue = false;
    }
}
