using System.Globalization;
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

    private readonly List<int> _badBlocks = [];
    private uint _checksum;
    private int _inBlock;
    private int _block;
    private int _badCount;

    public SegmentSeal Seal => seal;

    /// <summary>Takes the next bytes of the file.</summary>
    public void Take(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            ReadOnlySpan<byte> part = bytes[..Math.Min(bytes.Length, SegmentSeal.BlockBytes - _inBlock)];
            _checksum = Crc32C.Append(_checksum, part);
            _inBlock += part.Length;
            bytes = bytes[part.Length..];
            if (_inBlock == SegmentSeal.BlockBytes)
            {
                EndBlock();
            }
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
