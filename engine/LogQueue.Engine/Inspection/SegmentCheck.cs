using LogQueue.Records;
using LogQueue.Storage.Segments;

namespace LogQueue.Engine.Inspection;

/// <summary>
/// Checks one segment in one pass over its bytes: every batch's checksum and offsets, its seal, its indexes. One use, one thread.
/// </summary>
internal sealed class SegmentCheck(string path, long baseOffset, bool isNewest, PartitionCheck partition)
{
    private long _next = -1;
    private long _previousPosition = -1;
    private long _beforePrevious = -1;
    private long _maxTimestamp = -1;
    private bool _isDamaged;

    public void Run(CancellationToken cancellationToken)
    {
        _next = Math.Max(baseOffset, partition.NextOffset);
        using var indexes = new IndexCheck(path, baseOffset, partition.Problems);
        SegmentSeal? seal = LoadSeal();
        SealCheck? check = seal is null ? null : new SealCheck(seal);
        using var stream = new BatchStream(path, bytes =>
        {
            partition.Progress?.Advance(bytes.Length);
            cancellationToken.ThrowIfCancellationRequested();
        });
        bool found = stream.MoveNext();
        while (found || stream.Position < stream.FileBytes)
        {
            if (found)
            {
                Take(stream, indexes, check);
                found = stream.MoveNext();
            }
            else
            {
                found = TryResync(stream);
            }
        }

        if (_isDamaged)
        {
            // What the damaged batches began or ended is not known: nothing is said about it here, nor about later last stable offsets.
            partition.Transactions.IsFromStart = false;
            partition.Transactions.EndSegment(path, isNewest, []);
        }
        else
        {
            indexes.Finish();
            partition.Transactions.EndSegment(path, isNewest, partition.Problems);
        }

        if (check is not null)
        {
            if (check.TakenBytes != stream.FileBytes)
            {
                // Something between the batches, or a tail: the blocks are looked at by themselves.
                check = new SealCheck(check.Seal);
                _ = BatchStream.ReadAll(path, check.Take);
            }

            Compare(check, stream.FileBytes, indexes);
        }
    }

    private void Take(BatchStream stream, IndexCheck indexes, SealCheck? seal)
    {
        var batch = new RecordBatchView(stream.Current.Span);
        bool isSound = seal?.TakenBytes == stream.Position ? seal.TakeBatch(stream.Current.Span) : batch.IsChecksumValid;
        if (!isSound && isNewest)
        {
            stream.Reread();
            isSound = batch.IsChecksumValid;
        }

        if (!isSound)
        {
            Damage(stream.Position, "bad checksum", Math.Max(_next, batch.BaseOffset), batch.NextOffset);
        }
        else if (IsBehindAJump(batch))
        {
            // The header's offsets are not under the checksum: the batch before named a wrong one, which this one shows.
            Damage(_previousPosition, $"a base offset that does not lie between {_beforePrevious} and {batch.BaseOffset}", _beforePrevious,
                batch.BaseOffset);
            Accept(stream.Position, batch.BaseOffset, batch.NextOffset);
        }
        else if (batch.BaseOffset < _next || batch.LastOffsetDelta < 0)
        {
            Damage(stream.Position, $"base offset {batch.BaseOffset} after {_next - 1}", _next, -1);
        }
        else
        {
            if (partition.WrongEpoch(batch) is { } wrong)
            {
                partition.Problems.Add(wrong);
            }

            Accept(stream.Position, _next, batch.NextOffset);
        }

        partition.Transactions.Take(stream.Current);
        indexes.Take(batch, stream.Position);
        _maxTimestamp = Math.Max(_maxTimestamp, batch.MaxTimestamp);
        partition.Count(batch, _next);
    }

    private bool IsBehindAJump(in RecordBatchView batch) => batch.BaseOffset < _next && _previousPosition >= 0
        && batch.BaseOffset > _beforePrevious && batch.LastOffsetDelta >= 0;

    private void Accept(long position, long expectedOffset, long nextOffset)
    {
        (_previousPosition, _beforePrevious) = (position, expectedOffset);
        _next = nextOffset;
    }

    /// <summary>The walk stopped: finds the next whole batch, and lists what lies between.</summary>
    private bool TryResync(BatchStream stream)
    {
        long from = stream.Position;
        string stop = stream.Stop!;
        bool found = stream.TryResync(_next);
        if (!found && stream.RestIsZero && isNewest)
        {
            return false; // a preallocated tail
        }

        long to = found ? new RecordBatchView(stream.Current.Span).BaseOffset : -1;
        string what = found ? $"{stop}; {stream.Position - from} bytes until the next whole batch"
            : stream.RestIsZero ? $"{stream.FileBytes - from} zero bytes after the last batch" : stop;
        Damage(from, what, _next, to);
        return found;
    }

    private void Damage(long position, string what, long fromOffset, long toOffset)
    {
        _isDamaged = true;
        string offsets = toOffset > fromOffset ? $"offsets {fromOffset} to {toOffset - 1}" : $"offsets from {fromOffset} on";
        partition.Problems.Add(new InspectionProblem(path, position, $"{what} ({offsets})")
        {
            IsInLog = true,
            FromOffset = fromOffset,
            ToOffset = toOffset,
        });
    }

    private SegmentSeal? LoadSeal()
    {
        string sealPath = Path.ChangeExtension(path, ".seal");
        if (!File.Exists(sealPath))
        {
            return null;
        }

        if (SegmentSeal.TryParse(File.ReadAllBytes(sealPath)) is { } seal)
        {
            return seal;
        }

        partition.Problems.Add(new InspectionProblem(sealPath, 0, "the seal is damaged"));
        return null;
    }

    private void Compare(SealCheck check, long fileBytes, IndexCheck indexes)
    {
        SegmentSeal seal = check.Seal;
        if (check.Finish(path) is { } blocks)
        {
            partition.Problems.Add(blocks);
        }
        else if (seal.LogBytes != fileBytes)
        {
            Damage(Math.Min(seal.LogBytes, fileBytes), $"the file has {fileBytes} bytes, its seal says {seal.LogBytes}", _next, seal.NextOffset);
        }
        else if (!_isDamaged && (seal.BaseOffset != baseOffset || seal.NextOffset < _next || seal.MaxTimestampMs != _maxTimestamp))
        {
            partition.Problems.Add(new InspectionProblem(Path.ChangeExtension(path, ".seal"), 0,
                $"the seal is of offsets {seal.BaseOffset} to {seal.NextOffset - 1}, greatest time {seal.MaxTimestampMs}; "
                + $"the log has {baseOffset} to {_next - 1}, {_maxTimestamp}"));
        }

        if (Differs(indexes.Offsets, seal.Indexes.OffsetIndexBytes, seal.Indexes.OffsetIndexChecksum))
        {
            partition.Problems.Add(new InspectionProblem(Path.ChangeExtension(path, ".index"), 0, "the index is not the one that was sealed"));
        }

        if (Differs(indexes.Times, seal.Indexes.TimeIndexBytes, seal.Indexes.TimeIndexChecksum))
        {
            partition.Problems.Add(new InspectionProblem(Path.ChangeExtension(path, ".timeindex"), 0, "the index is not the one that was sealed"));
        }
    }

    private static bool Differs(IndexCursor? index, int bytes, uint checksum) =>
        index is not null && (index.FileBytes != bytes || index.Checksum != checksum);
}
