using System.Buffers.Binary;
using LogQueue.Records;
using LogQueue.Records.Checksums;
using LogQueue.Storage.Files;
using LogQueue.Wire.Memory;

namespace LogQueue.Storage.Segments;

/// <summary>
/// Looks for whole batches at any byte of a log file: where to go on behind damage. One user at a time.
/// </summary>
internal sealed class BatchProbe(IStorageFile file, long end) : IDisposable
{
    private const int WindowBytes = 1 << 20;

    private readonly PooledBuffer _window = PooledBuffer.Rent(WindowBytes);
    private long _start;
    private int _count;

    /// <summary>Bytes checksummed for candidates that were none: bounds a search through bytes made to look like headers.</summary>
    public long WastedBytes { get; private set; }

    /// <summary>
    /// Up to <paramref name="count"/> bytes (1 MiB at most) from a position on; fewer at the end. Valid until the next call.
    /// </summary>
    public ReadOnlySpan<byte> Peek(long position, int count)
    {
        if (position >= end)
        {
            return [];
        }

        count = (int)Math.Min(end - position, count);
        if (position < _start || position + count > _start + _count)
        {
            _start = position;
            _count = file.Read(position, _window.Span[..(int)Math.Min(_window.Length, end - position)]);
        }

        int from = (int)(position - _start);
        return _window.Span.Slice(from, Math.Clamp(_count - from, 0, count));
    }

    /// <summary>True when a whole batch with a right checksum and a base offset in the range starts at a position.</summary>
    public bool TryRead(long position, long leastOffset, long mostOffset, out ProbedBatch batch)
    {
        batch = default;
        ReadOnlySpan<byte> header = Peek(position, RecordBatchLayout.HeaderBytes);
        if (!MayBeHeader(header, leastOffset, mostOffset) || !RecordBatchView.TryReadSize(header, out int size) || size > end - position)
        {
            return false;
        }

        var view = new RecordBatchView(header);
        batch = new ProbedBatch(view.BaseOffset, view.NextOffset, size, view.PartitionLeaderEpoch);
        if (view.LastOffsetDelta >= 0 && batch.NextOffset <= mostOffset && view.Crc == ComputeCrc(position, size))
        {
            return true;
        }

        WastedBytes += size;
        return false;
    }

    private uint ComputeCrc(long position, int size)
    {
        uint crc = 0;
        long stop = position + size;
        for (long at = position + RecordBatchLayout.AttributesPosition; at < stop;)
        {
            ReadOnlySpan<byte> bytes = Peek(at, (int)Math.Min(WindowBytes, stop - at)); // piece by piece: the length may be a lie
            if (bytes.IsEmpty)
            {
                return ~crc; // the file became shorter
            }

            crc = Crc32C.Append(crc, bytes);
            at += bytes.Length;
        }

        return crc;
    }

    /// <summary>The next position from one on at which a header may stand; the end when there is none.</summary>
    public long FindHeader(long position, long leastOffset, long mostOffset)
    {
        while (position + RecordBatchLayout.HeaderBytes <= end)
        {
            ReadOnlySpan<byte> bytes = Peek(position, (int)Math.Min(WindowBytes, end - position));
            int last = bytes.Length - RecordBatchLayout.HeaderBytes;
            for (int i = 0; i <= last; i++)
            {
                if (bytes[i + RecordBatchLayout.MagicPosition] == 2 && MayBeHeader(bytes[i..], leastOffset, mostOffset))
                {
                    return position + i;
                }
            }

            if (last < 0)
            {
                break;
            }

            position += last + 1;
        }

        return end;
    }

    public void Dispose() => _window.Dispose();

    private static bool MayBeHeader(ReadOnlySpan<byte> header, long leastOffset, long mostOffset)
    {
        if (header.Length < RecordBatchLayout.HeaderBytes || header[RecordBatchLayout.MagicPosition] != 2)
        {
            return false;
        }

        long baseOffset = BinaryPrimitives.ReadInt64BigEndian(header);
        return baseOffset >= leastOffset && baseOffset < mostOffset;
    }
}
