using LogQueue.Records;

namespace LogQueue.Engine.Inspection;

/// <summary>Walks the records of a partition directory or of one segment, without an engine. Stateless.</summary>
internal static class RecordWalk
{
    public static IEnumerable<RecordInspection> Run(IReadOnlyList<string> segments, RecordQuery query)
    {
        AbortedRanges? aborted = query.CommittedOnly ? AbortedRanges.Of(segments) : null;
        long to = Math.Min(query.ToOffset, aborted?.LastStableOffset ?? long.MaxValue);
        for (int i = 0; i < segments.Count; i++)
        {
            if (i + 1 < segments.Count && LogInspector.BaseOffset(segments[i + 1]) <= query.FromOffset)
            {
                query.Progress?.Advance(new FileInfo(segments[i]).Length);
                continue;
            }

            foreach (RecordInspection record in OfSegment(segments[i], query, to, aborted, i == segments.Count - 1))
            {
                yield return record;
            }
        }
    }

    private static IEnumerable<RecordInspection> OfSegment(string path, RecordQuery query, long to, AbortedRanges? aborted, bool isNewest)
    {
        using var stream = new BatchStream(path, bytes => query.Progress?.Advance(bytes.Length));
        long next = LogInspector.BaseOffset(path);
        while (stream.MoveNext() || TryResync(stream, path, next, isNewest, query))
        {
            BatchInspection batch = BatchInspection.Of(path, stream.Position, stream.Current.Span);
            if (batch.BaseOffset >= to)
            {
                yield break;
            }

            next = batch.IsChecksumValid ? batch.LastOffset + 1 : next;
            if (batch.LastOffset < query.FromOffset || (batch.IsControl && !query.WithControl)
                || aborted?.Contains(new RecordBatchView(stream.Current.Span)) == true)
            {
                continue;
            }

            using RecordBatchReader? reader = Open(stream, batch, query);
            while (reader is not null && TryRead(reader, batch, query, out Record record))
            {
                if (record.Offset >= query.FromOffset && record.Offset < to)
                {
                    yield return new RecordInspection(batch, record);
                }
            }
        }
    }

    private static RecordBatchReader? Open(BatchStream stream, BatchInspection batch, RecordQuery query)
    {
        try
        {
            if (batch.IsChecksumValid)
            {
                return RecordBatchReader.Open(stream.Current);
            }

            Tell(query, batch, "bad checksum");
        }
        catch (CorruptRecordException e)
        {
            Tell(query, batch, e.Message);
        }

        return null;
    }

    private static bool TryRead(RecordBatchReader reader, BatchInspection batch, RecordQuery query, out Record record)
    {
        try
        {
            return reader.TryRead(out record);
        }
        catch (CorruptRecordException e)
        {
            Tell(query, batch, e.Message);
            record = default;
            return false;
        }
    }

    private static bool TryResync(BatchStream stream, string path, long next, bool isNewest, RecordQuery query)
    {
        if (stream.Position >= stream.FileBytes)
        {
            return false;
        }

        long from = stream.Position;
        bool found = stream.TryResync(next);
        if (found || !(isNewest && stream.RestIsZero))
        {
            Tell(query, new InspectionProblem(path, from, $"{stream.Stop} (offsets from {next} on)")
            {
                IsInLog = true,
                FromOffset = next,
                ToOffset = found ? new RecordBatchView(stream.Current.Span).BaseOffset : -1,
            });
        }

        return found;
    }

    private static void Tell(RecordQuery query, BatchInspection batch, string what) => Tell(query,
        new InspectionProblem(batch.Path, batch.Position, $"{what} (offsets {batch.BaseOffset} to {batch.LastOffset})")
        {
            IsInLog = true,
            FromOffset = batch.BaseOffset,
            ToOffset = batch.LastOffset + 1,
        });

    private static void Tell(RecordQuery query, InspectionProblem problem)
    {
        if (query.OnDamage is not { } told)
        {
            throw new CorruptRecordException($"{problem.Path} is damaged at byte {problem.Position}: {problem.What}.");
        }

        told(problem);
    }
}
