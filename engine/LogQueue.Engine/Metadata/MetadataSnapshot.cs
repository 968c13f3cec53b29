using System.Buffers.Binary;
using System.Globalization;
using LogQueue.Records;
using LogQueue.Storage.Files;

namespace LogQueue.Engine.Metadata;

/// <summary>
/// A snapshot that Kafka's controller left beside its metadata log, <c>OFFSET(20)-EPOCH(10).checkpoint</c>: record batches of format 2,
/// a header control record first, a footer last, metadata records between. It stands for all records below its offset, which Kafka then
/// deletes from the log. LogQueue writes none, but goes on with a log that has one. Immutable.
/// </summary>
internal sealed class MetadataSnapshot
{
    private const string Extension = ".checkpoint";
    private const int OffsetDigits = 20;
    private const int EpochDigits = 10;
    private const short HeaderType = 3;
    private const short FooterType = 4;

    private readonly ReadOnlyMemory<byte> _bytes;

    private MetadataSnapshot(long endOffset, ReadOnlyMemory<byte> bytes)
    {
        EndOffset = endOffset;
        _bytes = bytes;
    }

    /// <summary>The first offset of the log that is not in the snapshot.</summary>
    public long EndOffset { get; }

    /// <summary>The newest whole snapshot of a metadata directory; null when there is none. A torn one counts as none.</summary>
    public static MetadataSnapshot? TryLoadNewest(IStorageDevice device, string directory)
    {
        IEnumerable<string> newestFirst = device.ListFiles(directory).Where(static name => TryParseName(name, out _))
            .OrderDescending(StringComparer.Ordinal);
        foreach (string name in newestFirst)
        {
            _ = TryParseName(name, out long endOffset);
            if (device.ReadWhole(Path.Combine(directory, name)) is { } bytes && IsWhole(bytes))
            {
                return new MetadataSnapshot(endOffset, bytes);
            }
        }

        return null;
    }

    /// <summary>Adds its records to a catalogue.</summary>
    public void ApplyTo(Catalogue catalogue)
    {
        for (int at = 0; at < _bytes.Length;)
        {
            _ = RecordBatchView.TryReadSize(_bytes.Span[at..], out int size);
            ReadOnlyMemory<byte> batch = _bytes.Slice(at, size);
            at += size;
            if (new RecordBatchView(batch.Span).IsControl)
            {
                continue;
            }

            using RecordBatchReader reader = RecordBatchReader.Open(batch);
            while (reader.TryRead(out Record record))
            {
                catalogue.Apply(record.Value ?? throw new CorruptRecordException("A metadata record of a snapshot has no value."));
            }
        }
    }

    /// <summary>Reads the offset from a snapshot's file name.</summary>
    internal static bool TryParseName(string name, out long endOffset)
    {
        endOffset = -1;
        return name.Length == OffsetDigits + 1 + EpochDigits + Extension.Length
            && name[OffsetDigits] == '-'
            && name.EndsWith(Extension, StringComparison.Ordinal)
            && int.TryParse(name.AsSpan(OffsetDigits + 1, EpochDigits), NumberStyles.None, CultureInfo.InvariantCulture, out _)
            && long.TryParse(name.AsSpan(0, OffsetDigits), NumberStyles.None, CultureInfo.InvariantCulture, out endOffset);
    }

    /// <summary>True when every checksum is right, the header comes first and the footer last.</summary>
    private static bool IsWhole(ReadOnlyMemory<byte> bytes)
    {
        short first = -1;
        short last = -1;
        for (int at = 0; at < bytes.Length;)
        {
            if (!RecordBatchView.TryReadSize(bytes.Span[at..], out int size) || size < RecordBatchLayout.HeaderBytes
                || size > bytes.Length - at)
            {
                return false;
            }

            ReadOnlyMemory<byte> batch = bytes.Slice(at, size);
            var view = new RecordBatchView(batch.Span);
            if (view.Magic != RecordBatchLayout.Magic || !view.IsChecksumValid)
            {
                return false;
            }

            (short firstType, last) = view.IsControl ? ControlTypes(batch) : ((short)-1, (short)-1);
            first = at == 0 ? firstType : first;
            at += size;
        }

        return first == HeaderType && last == FooterType;
    }

    /// <summary>Types of the first and the last control record of a batch.</summary>
    private static (short First, short Last) ControlTypes(ReadOnlyMemory<byte> batch)
    {
        short first = -1;
        short last = -1;
        using RecordBatchReader reader = RecordBatchReader.Open(batch);
        while (reader.TryRead(out Record record))
        {
            last = record.Key is { Length: >= 4 } key ? BinaryPrimitives.ReadInt16BigEndian(key.Span[2..]) : (short)-1;
            first = first == -1 ? last : first;
        }

        return (first, last);
    }
}
