using LogQueue.Records;
using LogQueue.Storage;
using LogQueue.Wire.Memory;

namespace LogQueue.Engine.Partitions;

/// <summary>
/// Whole batches as they lie in the log, back to back in one pooled buffer that is this lease's until it is disposed: to hand on as they
/// are, to append elsewhere (with base offset 0: <see cref="RecordBatchStamp.Stamp"/>), or to open with a
/// <see cref="RecordBatchReader"/>. Checksums are verified. Reading is thread-safe; dispose once.
/// </summary>
public sealed class LeasedBatches : IDisposable
{
    private readonly PooledBuffer? _buffer;

    internal LeasedBatches(PooledBuffer? buffer, long nextOffset, in ReadResult read)
    {
        _buffer = buffer;
        NextOffset = nextOffset;
        HighWatermark = read.HighWatermark;
        LogStartOffset = read.LogStartOffset;
        AbortedTransactions = read.AbortedTransactions;
    }

    /// <summary>The batches; empty when the offset is the readable end.</summary>
    /// <exception cref="ObjectDisposedException">The lease has ended.</exception>
    public ReadOnlyMemory<byte> Memory => _buffer is null ? ReadOnlyMemory<byte>.Empty : _buffer.Memory;

    /// <summary>True when there was nothing to read.</summary>
    public bool IsEmpty => _buffer is null;

    /// <summary>The offset after the last batch: where the next read goes on.</summary>
    public long NextOffset { get; }

    /// <summary>The high watermark when it was read; exclusive.</summary>
    public long HighWatermark { get; }

    /// <summary>The log start offset when it was read.</summary>
    public long LogStartOffset { get; }

    /// <summary>For <see cref="ReadIsolation.Committed"/>: the aborted transactions that overlap the batches; otherwise empty.</summary>
    public IReadOnlyList<AbortedTransaction> AbortedTransactions { get; }

    /// <summary>Walks the batches, each whole with its header.</summary>
    public Enumerator GetEnumerator() => new(Memory);

    /// <summary>Ends the lease: the memory is no longer valid.</summary>
    public void Dispose() => _buffer?.Dispose();

    /// <summary>Walks batches that lie back to back. Not thread-safe.</summary>
    public struct Enumerator
    {
        private ReadOnlyMemory<byte> _rest;

        internal Enumerator(ReadOnlyMemory<byte> batches) => _rest = batches;

        /// <summary>The current batch.</summary>
        public ReadOnlyMemory<byte> Current { get; private set; }

        /// <summary>Goes to the next batch; false after the last.</summary>
        public bool MoveNext()
        {
            if (!RecordBatchView.TryReadSize(_rest.Span, out int sizeBytes) || sizeBytes > _rest.Length)
            {
                return false;
            }

            Current = _rest[..sizeBytes];
            _rest = _rest[sizeBytes..];
            return true;
        }
    }
}
