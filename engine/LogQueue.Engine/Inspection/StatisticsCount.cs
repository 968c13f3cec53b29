using LogQueue.Records;

namespace LogQueue.Engine.Inspection;

/// <summary>Counts the figures of one partition while its batches pass by. One use, one thread.</summary>
internal sealed class StatisticsCount
{
    private readonly HyperLogLog _keys = new();
    private readonly SortedDictionary<CompressionType, CodecStatistics> _codecs = [];
    private readonly List<InspectionProblem> _problems = [];
    private long _bytes;
    private long _batches;
    private long _records;
    private long _tombstones;
    private long _controls;
    private long _keyBytes;
    private long _valueBytes;
    private long _first = long.MaxValue;
    private long _last = -1;
    private int _least = int.MaxValue;
    private int _most;
    private long _start = -1;
    private long _next;

    public PartitionStatistics Run(string directory, InspectionProgress? progress, CancellationToken cancellationToken)
    {
        string[] segments = [.. LogInspector.Segments(directory)];
        foreach (string path in segments)
        {
            using var stream = new BatchStream(path, bytes =>
            {
                progress?.Advance(bytes.Length);
                cancellationToken.ThrowIfCancellationRequested();
            });
            while (stream.MoveNext() || TryResync(stream, path, path == segments[^1]))
            {
                Take(path, stream);
            }
        }

        return new PartitionStatistics
        {
            Name = Path.GetFileName(Path.TrimEndingDirectorySeparator(directory)),
            SegmentCount = segments.Length,
            Bytes = _bytes,
            BatchCount = _batches,
            RecordCount = _records,
            TombstoneCount = _tombstones,
            ControlCount = _controls,
            LogStartOffset = _start >= 0 ? _start : segments.Length == 0 ? 0 : LogInspector.BaseOffset(segments[0]),
            NextOffset = _next,
            FirstTimestampMs = _first == long.MaxValue ? -1 : _first,
            LastTimestampMs = _last,
            KeyBytes = _keyBytes,
            ValueBytes = _valueBytes,
            DistinctKeys = _keys.Estimate(),
            LeastBatchBytes = _batches == 0 ? 0 : _least,
            MostBatchBytes = _most,
            Codecs = [.. _codecs.Values],
            Problems = _problems,
        };
    }

    private void Take(string path, BatchStream stream)
    {
        var view = new RecordBatchView(stream.Current.Span);
        int size = stream.Current.Length;
        try
        {
            if (!view.IsChecksumValid)
            {
                throw new CorruptRecordException("bad checksum");
            }

            using RecordBatchReader reader = RecordBatchReader.Open(stream.Current);
            bool isControl = view.IsControl;
            int count = 0;
            while (reader.TryRead(out Record record))
            {
                Take(record, isControl);
                count++;
            }

            _start = _start < 0 ? view.BaseOffset : _start;
            _next = Math.Max(_next, view.NextOffset);
            _batches++;
            _bytes += size;
            (_least, _most) = (Math.Min(_least, size), Math.Max(_most, size));
            CodecStatistics codec = _codecs.GetValueOrDefault(view.Compression, new CodecStatistics(view.Compression, 0, 0, 0, 0));
            _codecs[view.Compression] = new CodecStatistics(view.Compression, codec.BatchCount + 1, codec.RecordCount + count,
                codec.StoredBytes + size, codec.PlainBytes + RecordBatchLayout.HeaderBytes + reader.RecordsBytes);
        }
        catch (CorruptRecordException e)
        {
            _problems.Add(new InspectionProblem(path, stream.Position, $"{e.Message} (offsets {view.BaseOffset} to {view.LastOffset})")
            {
                IsInLog = true,
                FromOffset = view.BaseOffset,
                ToOffset = view.NextOffset,
            });
        }
    }

    private void Take(Record record, bool isControl)
    {
        if (isControl)
        {
            _controls++;
            return;
        }

        _records++;
        _tombstones += record.Value is null ? 1 : 0;
        _valueBytes += record.Value?.Length ?? 0;
        if (record.Key is { } key)
        {
            _keyBytes += key.Length;
            _keys.Add(key.Span);
        }

        if (record.TimestampMs >= 0)
        {
            (_first, _last) = (Math.Min(_first, record.TimestampMs), Math.Max(_last, record.TimestampMs));
        }
    }

    private bool TryResync(BatchStream stream, string path, bool isNewest)
    {
        if (stream.Position >= stream.FileBytes)
        {
            return false;
        }

        long from = stream.Position;
        bool found = stream.TryResync(_next);
        if (found || !(isNewest && stream.RestIsZero))
        {
            _problems.Add(new InspectionProblem(path, from, stream.Stop!) { IsInLog = true, FromOffset = _next });
        }

        return found;
    }
}
