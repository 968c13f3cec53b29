using LogQueue.Records;
using LogQueue.Storage.Files;
using LogQueue.Storage.Segments;

namespace LogQueue.Engine.Tests.Storage.Segments;

public sealed class OneBitErrorTests
{
    private const int SectorBytes = 512;
    private const int EpochPosition = RecordBatchLayout.PartitionLeaderEpochPosition;

    private static readonly byte[] Batch = LogFileRig.Batches([2], baseOffset: 256)[0];

    /// <summary>
    /// At every place of a sector's boundary in the batch: a torn write may look like a missing last bit before it, or like any bit of the
    /// few bytes that lie on one side of it.
    /// </summary>
    [Fact]
    public void Every_single_flipped_bit_is_found_unless_a_torn_write_may_have_left_it()
    {
        int torn = 0;
        for (int before = 0; before < Batch.Length; before++)
        {
            long position = SectorBytes - before;
            using IStorageFile log = LogFileRig.Write(new byte[position], Batch);
            for (int bit = 0; bit < Batch.Length * 8; bit += before % 8 == 4 ? 1 : 3)
            {
                byte[] flipped = Flip(Batch, bit);
                log.Write(position, flipped);
                bool isEpoch = bit / 8 is >= EpochPosition and < EpochPosition + 4;
                bool mayBeTorn = !isEpoch && MayBeTorn(flipped, before, bit);
                torn += mayBeTorn ? 1 : 0;
                Assert.True(OneBitError.FindNextOffset(log, position, log.Length, 256) == (mayBeTorn ? null : 258L), $"bit {bit}, {before} bytes before the boundary");
            }
        }

        Assert.InRange(torn, 10, 1000); // in the base offset, the length, the checksum, the records
    }

    [Fact]
    public void Two_flipped_bits_another_offset_and_a_cut_batch_are_no_single_bit()
    {
        for (int bit = 0; bit < (Batch.Length * 8) - 40; bit += 3)
        {
            if (bit / 8 is >= EpochPosition and < EpochPosition + 4 || (bit + 39) / 8 is >= EpochPosition and < EpochPosition + 4)
            {
                continue; // the epoch is outside the checksum and may differ as a whole
            }

            Assert.Null(Find(Flip(Flip(Batch, bit), bit + 39), 256));
        }

        Assert.Null(Find(Batch, 259)); // 256 and 259 differ in two bits
        Assert.Equal(259, Find(Batch, 257)); // in one
        Assert.Equal(258, Find(Batch, 256)); // whole
        for (int length = 0; length < Batch.Length; length++)
        {
            Assert.Null(Find(Batch[..length], 256));
        }
    }

    private static long? Find(byte[] bytes, long expectedOffset)
    {
        using IStorageFile log = LogFileRig.Write(bytes);
        return OneBitError.FindNextOffset(log, 0, log.Length, expectedOffset);
    }

    private static bool MayBeTorn(byte[] flipped, int before, int bit)
    {
        int at = bit / 8;
        int end = at < before ? before : Math.Min(flipped.Length, before + SectorBytes);
        int inSector = at < before ? before : end - before;
        return inSector < 4 || (flipped[at] & (1 << (bit % 8))) == 0 && flipped.Skip(at).Take(end - at).All(static b => b == 0);
    }

    private static byte[] Flip(byte[] batch, int bit)
    {
        byte[] flipped = [.. batch];
        flipped[bit / 8] ^= (byte)(1 << (bit % 8));
        return flipped;
    }
}
