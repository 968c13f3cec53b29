using LogQueue.Records;
using Microsoft.Win32.SafeHandles;

namespace LogQueue.Engine.Inspection;

/// <summary>
/// The transactions of a partition, read from the batches' headers alone: which offsets were aborted, and where the first one begins that
/// is undecided. Immutable once it was read.
/// </summary>
internal sealed class AbortedRanges
{
    private readonly Dictionary<long, List<(long First, long Marker)>> _aborted = [];

    /// <summary>Nothing at or past it is decided.</summary>
    public long LastStableOffset { get; private set; } = long.MaxValue;

    public static AbortedRanges Of(IEnumerable<string> segments)
    {
        var ranges = new AbortedRanges();
        var open = new Dictionary<long, long>();
        foreach (string path in segments)
        {
            ranges.Read(path, open);
        }

        ranges.LastStableOffset = open.Count == 0 ? long.MaxValue : open.Values.Min();
        return ranges;
    }

    /// <summary>True when the batch belongs to a transaction that was aborted.</summary>
    public bool Contains(in RecordBatchView batch)
    {
        if (batch.IsTransactional && !batch.IsControl
            && _aborted.TryGetValue(batch.ProducerId, out List<(long First, long Marker)>? ranges))
        {
            foreach ((long first, long marker) in ranges)
            {
                if (batch.BaseOffset >= first && batch.LastOffset < marker)
                {
                    return true;
                }
            }
        }

        return false;
    }

    private void Read(string path, Dictionary<long, long> open)
    {
        using SafeFileHandle file = File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete);
        long fileBytes = RandomAccess.GetLength(file);
        byte[] bytes = new byte[256]; // a header, and for a marker the whole batch
        for (long at = 0; at + RecordBatchLayout.HeaderBytes <= fileBytes;)
        {
            int read = RandomAccess.Read(file, bytes, at);
            if (read < RecordBatchLayout.HeaderBytes || !RecordBatchView.TryReadSize(bytes, out int size)
                || size < RecordBatchLayout.HeaderBytes || size > fileBytes - at)
            {
                return; // damage; the walk over the records tells it
            }

            var view = new RecordBatchView(bytes);
            if (view.IsTransactional && !view.IsControl)
            {
                open.TryAdd(view.ProducerId, view.BaseOffset);
            }
            else if (view.IsTransactional && size <= read && open.Remove(view.ProducerId, out long first)
                && TransactionCheck.ControlType(bytes.AsMemory(0, size)) == 0)
            {
                if (!_aborted.TryGetValue(view.ProducerId, out List<(long First, long Marker)>? ranges))
                {
                    _aborted[view.ProducerId] = ranges = [];
                }

                ranges.Add((first, view.LastOffset));
            }

            at += size;
        }
    }
}
