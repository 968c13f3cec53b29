using System.Globalization;
using LogQueue.Records;
using LogQueue.Records.Checksums;
using LogQueue.Storage.Segments;

namespace LogQueue.Engine.Inspection;

/// <summary>
/// Compares the bytes of a sealed segment with the checksums of its seal while they are read. The seal covers what the batches' own
/// checksums do not: base offsets and leader epochs. Not thread-safe.
/// </summary>
internal sealed class SealCheck(SegmentSeal seal)
{
    private const int MostListedBlocks = 8;

    /// <summary>A checksum over fewer bytes costs less than joining two.</summary>
    private const int LeastJoinedBytes = 1024;

    private readonly List<int> _badBlocks = [];
    private uint _checksum;
    private int _inBlock;
    private int _block;
    private int _badCount;

    public SegmentSeal Seal => seal;

    /// <summary>Bytes taken so far.</summary>
    public long TakenBytes { get; private set; }

    /// <summary>
    /// Takes a whole batch, and tells whether its own checksum is right: both checksums from one look at the bytes.
    /// </summary>
    public bool TakeBatch(ReadOnlySpan<byte> batch)
    {
        Take(batch[..RecordBatchLayout.AttributesPosition]);
        ReadOnlySpan<byte> rest = batch[RecordBatchLayout.AttributesPosition..];
        uint own = 0;
        while (!rest.IsEmpty)
        {
            ReadOnlySpan<byte> part = rest[..Math.Min(rest.Length, SegmentSeal.BlockBytes - _inBlock)];
            if (part.Length < LeastJoinedBytes)
            {
                own = Crc32C.Append(own, part);
                Take(part);
            }
            else
            {
                uint checksum = Crc32C.Compute(part);
                own = Crc32C.Join(own, checksum, part.Length);
                Took(part.Length, Crc32C.Join(_checksum, checksum, part.Length));
            }

            rest = rest[part.Length..];
        }

        return own == new RecordBatchView(batch).Crc;
    }

    /// <summary>Takes the next bytes of the file.</summary>
    public void Take(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            ReadOnlySpan<byte> part = bytes[..Math.Min(bytes.Length, SegmentSeal.BlockBytes - _inBlock)];
            Took(part.Length, Crc32C.Append(_checksum, part));
            bytes = bytes[part.Length..];
        }
    }

    /// <summary>All bytes were taken: what differs.</summary>
    public InspectionProblem? Finish(string segmentPath)
    {
        if (_inBlock > 0)
        {
            EndBlock();
        }

        if (_badCount == 0)
        {
            return null;
        }

        string blocks = string.Join(", ", _badBlocks.Select(static b =>
            ((long)b * SegmentSeal.BlockBytes).ToString(CultureInfo.InvariantCulture)));
        return new InspectionProblem(segmentPath, (long)_badBlocks[0] * SegmentSeal.BlockBytes,
            $"{_badCount} block{(_badCount == 1 ? "" : "s")} of {SegmentSeal.BlockBytes} bytes differ from the seal, at byte {blocks}"
            + (_badCount > _badBlocks.Count ? ", ..." : ""))
        {
            IsInLog = true,
        };
    }

    private void Took(int bytes, uint checksum)
    {
        _checksum = checksum;
        _inBlock += bytes;
        TakenBytes += bytes;
        if (_inBlock == SegmentSeal.BlockBytes)
        {
            EndBlock();
        }
    }

    private void EndBlock()
    {
        if (_block >= seal.BlockChecksums.Length || seal.BlockChecksums[_block] != _checksum)
        {
            _badCount++;
            if (_badBlocks.Count < MostListedBlocks)
            {
                _badBlocks.Add(_block);
            }
        }

        _block++;
        (_checksum, _inBlock) = (0, 0);
    }
}
