using System.IO.Hashing;
using System.Numerics;

namespace LogQueue.Engine.Inspection;

/// <summary>
/// Estimates how many different keys were seen, in 4 KiB: HyperLogLog with 4,096 registers over XxHash3, a standard error of 1.6 %.
/// Not thread-safe.
/// </summary>
internal sealed class HyperLogLog
{
    private const int IndexBits = 12;
    private const int Registers = 1 << IndexBits;

    private readonly byte[] _registers = new byte[Registers];

    public void Add(ReadOnlySpan<byte> key)
    {
        ulong hash = XxHash3.HashToUInt64(key);
        int register = (int)(hash >> (64 - IndexBits));

        // The guard bit ends the run of zeros at the last bit of the hash.
        byte rank = (byte)(BitOperations.LeadingZeroCount((hash << IndexBits) | (1UL << (IndexBits - 1))) + 1);
        _registers[register] = Math.Max(_registers[register], rank);
    }

    public long Estimate()
    {
        double sum = 0;
        int empty = 0;
        foreach (byte rank in _registers)
        {
            sum += Math.ScaleB(1, -rank);
            empty += rank == 0 ? 1 : 0;
        }

        double alpha = 0.7213 / (1 + (1.079 / Registers));
        double raw = alpha * Registers * Registers / sum;

        // Few keys: the share of untouched registers is the better estimate.
        return (long)Math.Round(raw <= 2.5 * Registers && empty > 0 ? Registers * Math.Log((double)Registers / empty) : raw);
    }
}
