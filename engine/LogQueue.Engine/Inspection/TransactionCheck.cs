using System.Buffers.Binary;
using LogQueue.Records;

namespace LogQueue.Engine.Inspection;

/// <summary>
/// Follows the transactions of a partition through its batches, and compares the aborted ones with the transaction index of the segment
/// that holds their marker. Not thread-safe.
/// </summary>
internal sealed class TransactionCheck
{
    private const int EntryBytes = 34;
    private const short Abort = 0;

    private readonly Dictionary<long, long> _open = [];
    private readonly Dictionary<(long Producer, long Marker), (long First, long LastStable)> _aborted = [];
    private readonly HashSet<(long Producer, long Marker)> _markers = [];

    /// <summary>True when the first batch of the log was seen, so that no transaction was open before.</summary>
    public bool IsFromStart { get; set; }

    /// <summary>The next batch of the partition.</summary>
    public void Take(ReadOnlyMemory<byte> batch)
    {
        var view = new RecordBatchView(batch.Span);
        if (!view.IsTransactional || !view.IsChecksumValid)
        {
            return;
        }

        if (!view.IsControl)
        {
            _open.TryAdd(view.ProducerId, view.BaseOffset);
        }
        else if (ControlType(batch) is { } type)
        {
            bool hadRecords = _open.Remove(view.ProducerId, out long first);
            if (type == Abort)
            {
                _markers.Add((view.ProducerId, view.LastOffset));
                if (hadRecords)
                {
                    long lastStable = Math.Min(view.NextOffset, _open.Count == 0 ? long.MaxValue : _open.Values.Min());
                    _aborted[(view.ProducerId, view.LastOffset)] = (first, lastStable);
                }
            }
        }
    }

    /// <summary>A segment has ended: compares its index, and forgets its aborted transactions.</summary>
    /// <param name="segmentPath">The segment.</param>
    /// <param name="isNewest">The newest segment's index is written when it is rolled or closed.</param>
    /// <param name="problems">Where faults go.</param>
    public void EndSegment(string segmentPath, bool isNewest, List<InspectionProblem> problems)
    {
        string path = Path.ChangeExtension(segmentPath, ".txnindex");
        byte[] bytes = File.Exists(path) ? File.ReadAllBytes(path) : [];
        if (bytes.Length % EntryBytes != 0)
        {
            problems.Add(new InspectionProblem(path, bytes.Length / EntryBytes * EntryBytes, "the last entry is not whole"));
        }

        for (int at = 0; at + EntryBytes <= bytes.Length; at += EntryBytes)
        {
            ReadOnlySpan<byte> entry = bytes.AsSpan(at, EntryBytes);
            long producer = BinaryPrimitives.ReadInt64BigEndian(entry[2..]);
            long first = BinaryPrimitives.ReadInt64BigEndian(entry[10..]);
            long marker = BinaryPrimitives.ReadInt64BigEndian(entry[18..]);
            bool known = _aborted.Remove((producer, marker), out (long First, long LastStable) seen);
            if (BinaryPrimitives.ReadInt16BigEndian(entry) != 0 || first > marker || !_markers.Contains((producer, marker))
                || (known && (seen.First < first || (IsFromStart && BinaryPrimitives.ReadInt64BigEndian(entry[26..]) != seen.LastStable))))
            {
                problems.Add(new InspectionProblem(path, at,
                    $"an entry says that producer {producer} aborted offsets {first} to {marker}; the log does not"));
            }
        }

        foreach (((long producer, long marker), (long first, _)) in _aborted.Where(_ => !isNewest))
        {
            problems.Add(new InspectionProblem(path, bytes.Length,
                $"producer {producer} aborted offsets {first} to {marker}, and no entry says so"));
        }

        _aborted.Clear();
        _markers.Clear();
    }

    /// <summary>The type of a control batch's record: 0 aborts, 1 commits; null when it cannot be read.</summary>
    internal static short? ControlType(ReadOnlyMemory<byte> batch)
    {
        try
        {
            using RecordBatchReader reader = RecordBatchReader.Open(batch);
            return reader.TryRead(out Record record) && record.Key is { Length: >= 4 } key
                ? BinaryPrimitives.ReadInt16BigEndian(key.Span[2..])
                : null;
        }
        catch (CorruptRecordException)
        {
            return null;
        }
    }
}
