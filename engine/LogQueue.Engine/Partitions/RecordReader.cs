using LogQueue.Engine.Errors;
using LogQueue.Records;
using LogQueue.Storage;

namespace LogQueue.Engine.Partitions;

/// <summary>
/// Reads the records of a partition in order, each where it lies in a pooled buffer: nothing is allocated or copied per record. Checksums
/// are verified, control records left out. What is appended while it reads comes, too: neither lost nor twice. One task at a time.
/// </summary>
/// <example>
/// <code>
/// using RecordReader reader = partition.CreateReader(offset);
/// while (reader.TryRead(out RecordView record))
/// {
///     sum += record.Value.Length;
/// }
/// </code>
/// </example>
public sealed class RecordReader : IDisposable
{
    private readonly Partition _partition;
    private readonly ReadIsolation _isolation;
    private readonly BatchCursor _cursor;
    private readonly RecordBatchReader _batch = new();
    private readonly TimeProvider _timeProvider;
    private DataWaiter? _waiter;
    private long _nextOffset;
    private long _unreported;
    private bool _hasBatch;
    private bool _disposed;

    internal RecordReader(Partition partition, long fromOffset, ReadIsolation isolation, TimeProvider timeProvider)
    {
        _partition = partition;
        _isolation = isolation;
        _timeProvider = timeProvider;
        _nextOffset = fromOffset;
        _cursor = new BatchCursor(offset => _partition.Read(offset, BatchCursor.ReadBytes, _isolation), fromOffset);
    }

    /// <summary>The first offset that has not been read yet; a new reader that starts there goes on where this one stands.</summary>
    public long NextOffset => _nextOffset;

    /// <summary>Reads the next record; false when the readable end is reached: call again later, or <see cref="WaitAsync"/>.</summary>
    /// <param name="record">Valid until the next call and until the reader is disposed.</param>
    /// <exception cref="OffsetOutOfRangeException">The offset is below the log start (retention took it) or above the log end.</exception>
    /// <exception cref="CorruptRecordException">The log is damaged there.</exception>
    /// <exception cref="LogOfflineException">The engine was closed, the topic deleted, or the disk failed.</exception>
    public bool TryRead(out RecordView record)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        while (_hasBatch || TryNextBatch())
        {
            while (_batch.TryReadView(out record))
            {
                // The batch that holds the first offset wanted may begin before it.
                if (record.Offset >= _nextOffset)
                {
                    _nextOffset = record.Offset + 1;
                    _unreported++;
                    return true;
                }
            }

            _hasBatch = false;
            _nextOffset = Math.Max(_nextOffset, _cursor.NextOffset);
            Report();
        }

        record = default;
        return false;
    }

    /// <summary>
    /// Waits until there may be more to read. It may return too early, never too late: call <see cref="TryRead"/> after it.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait with <see cref="OperationCanceledException"/>.</param>
    public async ValueTask WaitAsync(CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_waiter is null)
        {
            // What came between the last read and this watch would not wake it: the caller reads once more before the first real wait.
            cancellationToken.ThrowIfCancellationRequested();
            _waiter = new DataWaiter(_timeProvider);
            _waiter.Watch(_partition);
            return;
        }

        await _waiter.WaitAsync(Timeout.InfiniteTimeSpan, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Gives the buffers back. Records read before are no longer valid.</summary>
    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            Report();
            _waiter?.Dispose();
            _batch.Dispose();
            _cursor.Dispose();
        }
    }

    private bool TryNextBatch()
    {
        try
        {
            while (_cursor.MoveNext())
            {
                if (!_cursor.IsCurrentHidden)
                {
                    _batch.Reset(_cursor.Current);
                    _hasBatch = true;
                    return true;
                }

                _nextOffset = Math.Max(_nextOffset, _cursor.NextOffset);
            }
        }
        catch (CorruptRecordException e)
        {
            throw new CorruptRecordException($"{_partition.Id}: {e.Message}", e);
        }

        _partition.ThrowUnlessOk(_cursor.LastRead, _cursor.NextOffset);
        return false;
    }

    private void Report()
    {
        if (_unreported > 0)
        {
            _partition.CountRead(_unreported);
            _unreported = 0;
        }
    }
}
