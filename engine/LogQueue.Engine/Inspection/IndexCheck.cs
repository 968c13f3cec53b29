using System.Buffers.Binary;
using LogQueue.Records;

namespace LogQueue.Engine.Inspection;

/// <summary>
/// Compares the offset and the time index of a segment with its batches, as they pass by in order. A missing index is no fault: it is
/// rebuilt. An index with a fault is listed once, at its first wrong entry. Not thread-safe.
/// </summary>
internal sealed class IndexCheck : IDisposable
{
    private const int OffsetEntryBytes = 8;
    private const int TimeEntryBytes = 12;

    private readonly long _baseOffset;
    private readonly List<InspectionProblem> _problems;
    private readonly long _logBytes;
    private long _lastOffset = -1;
    private long _lastPosition = -1;
    private long _lastTime = long.MinValue;
    private long _lastTimeOffset = -1;
    private bool _offsetsDone;
    private bool _timesDone;

    /// <summary>Opens the indexes beside a segment. Do it before the log is read: a broker writes the log first, its index after.</summary>
    public IndexCheck(string segmentPath, long baseOffset, List<InspectionProblem> problems)
    {
        _baseOffset = baseOffset;
        _problems = problems;
        Offsets = IndexCursor.TryOpen(Path.ChangeExtension(segmentPath, ".index"), OffsetEntryBytes);
        Times = IndexCursor.TryOpen(Path.ChangeExtension(segmentPath, ".timeindex"), TimeEntryBytes);
        (_offsetsDone, _timesDone) = (Offsets is null, Times is null);
        _logBytes = new FileInfo(segmentPath).Length;
    }

    /// <summary>The offset index; null when there is none.</summary>
    public IndexCursor? Offsets { get; }

    /// <summary>The time index; null when there is none.</summary>
    public IndexCursor? Times { get; }

    /// <summary>The next batch of the segment.</summary>
    public void Take(in RecordBatchView batch, long position)
    {
        TakeOffsets(batch, position);
        TakeTimes(batch);
    }

    /// <summary>The segment ended without damage: entries that are left point at nothing.</summary>
    public void Finish()
    {
        if (!_offsetsDone && Offsets!.TryPeek(out ReadOnlySpan<byte> entry))
        {
            int position = BinaryPrimitives.ReadInt32BigEndian(entry[4..]);
            Fault(Offsets, $"an entry points at position {position}, where no batch begins (the log has {_logBytes} bytes)");
        }

        if (!_timesDone && Times!.TryPeek(out entry))
        {
            Fault(Times, $"an entry names offset {_baseOffset + BinaryPrimitives.ReadInt32BigEndian(entry[8..])}, which is in no batch");
        }
    }

    public void Dispose()
    {
        Offsets?.Dispose();
        Times?.Dispose();
    }

    private void TakeOffsets(in RecordBatchView batch, long position)
    {
        while (!_offsetsDone && Offsets!.TryPeek(out ReadOnlySpan<byte> entry))
        {
            long offset = _baseOffset + BinaryPrimitives.ReadInt32BigEndian(entry);
            long pointsAt = BinaryPrimitives.ReadInt32BigEndian(entry[4..]);
            string? wrong = offset <= _lastOffset || pointsAt < _lastPosition ? $"entry (offset {offset}, position {pointsAt}) is out of order"
                : pointsAt > position ? ""
                : pointsAt < position ? $"entry (offset {offset}, position {pointsAt}) points into the middle of a batch"
                : offset < batch.BaseOffset || offset > batch.LastOffset
                    ? $"entry (offset {offset}, position {pointsAt}) points at the batch of offsets {batch.BaseOffset} to {batch.LastOffset}"
                : null;
            if (wrong is "")
            {
                return; // of a later batch
            }

            if (wrong is not null)
            {
                _offsetsDone = true;
                Fault(Offsets, wrong);
                return;
            }

            (_lastOffset, _lastPosition) = (offset, pointsAt);
            Offsets.Advance();
        }
    }

    private void TakeTimes(in RecordBatchView batch)
    {
        while (!_timesDone && Times!.TryPeek(out ReadOnlySpan<byte> entry))
        {
            long time = BinaryPrimitives.ReadInt64BigEndian(entry);
            long offset = _baseOffset + BinaryPrimitives.ReadInt32BigEndian(entry[8..]);
            string? wrong = time < _lastTime || offset < _lastTimeOffset ? $"entry (time {time}, offset {offset}) is out of order"
                : offset > batch.LastOffset ? ""
                : offset < batch.BaseOffset ? $"entry (time {time}, offset {offset}) names an offset that is in no batch"
                : time != batch.MaxTimestamp ? $"entry (time {time}, offset {offset}) names a batch whose greatest time is {batch.MaxTimestamp}"
                : null;
            if (wrong is "")
            {
                return;
            }

            if (wrong is not null)
            {
                _timesDone = true;
                Fault(Times, wrong);
                return;
            }

            (_lastTime, _lastTimeOffset) = (time, offset);
            Times.Advance();
        }
    }

    private void Fault(IndexCursor index, string what) => _problems.Add(new InspectionProblem(index.Path, index.Position, what));
}
