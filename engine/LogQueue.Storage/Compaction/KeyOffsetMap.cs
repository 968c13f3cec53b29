using System.IO.Hashing;

namespace LogQueue.Storage.Compaction;

/// <summary>
/// From keys to the offset of their last record, in a table of fixed size: 24 bytes an entry (a 128-bit hash of the key, the offset),
/// open addressing, at most 90 % full. The table is allocated for a pass, never grows in it, and is used again by later passes.
/// Not thread-safe.
/// </summary>
/// <remarks>
/// Keys are told apart by XxHash128 with a seed of the pass alone. Two of n keys of a pass share a hash with a probability below
/// n² / 2^129: with the 5.6 million keys of the default table less than 10^-25, far below that of an unseen disk error. A collision would
/// lose the older key's last value; the seed, which nobody outside knows, keeps a hostile producer from making one.
/// </remarks>
internal sealed class KeyOffsetMap
{
    internal const int EntryBytes = 24;
    private const int LongsPerEntry = 3;
    private const double LoadFactor = 0.9;

    private readonly long _mostBytes;
    private long[] _table = [];
    private long _seed;
    private ulong _slots;
    private long _mostEntries;

    /// <summary>Allocates nothing yet.</summary>
    /// <param name="mostBytes">Bytes that the table may have (<c>log.cleaner.dedupe.buffer.size</c>).</param>
    public KeyOffsetMap(long mostBytes) => _mostBytes = Math.Max(mostBytes, 2 * EntryBytes);

    /// <summary>Keys in it.</summary>
    public long Count { get; private set; }

    /// <summary>Bytes allocated now.</summary>
    public long AllocatedBytes => (long)_table.Length * sizeof(long);

    /// <summary>Every record below this offset is known to the map; exclusive.</summary>
    public long EndOffset { get; set; }

    /// <summary>Empties it for a pass.</summary>
    /// <param name="wantedKeys">Keys that can come at most; a smaller table than the bound is used when that is enough.</param>
    /// <param name="seed">Of the hash; a new random one for each pass.</param>
    public void Reset(long wantedKeys, long seed)
    {
        long bound = Math.Min(_mostBytes / EntryBytes, Array.MaxLength / LongsPerEntry);
        long slots = Math.Clamp((long)(Math.Max(1, wantedKeys) / LoadFactor) + 2, 2, bound);
        if (_table.Length < slots * LongsPerEntry)
        {
            _table = new long[slots * LongsPerEntry];
        }
        else
        {
            Array.Clear(_table, 0, (int)slots * LongsPerEntry);
        }

        _seed = seed;
        _slots = (ulong)slots;
        _mostEntries = Math.Max(1, Math.Min(slots - 1, (long)(slots * LoadFactor)));
        Count = 0;
        EndOffset = 0;
    }

    /// <summary>Gives the table back: no pass is expected soon.</summary>
    public void Release() => _table = [];

    /// <summary>Notes the newest offset of a key; offsets come in order. False when the key is new and the table is full.</summary>
    public bool TryPut(ReadOnlySpan<byte> key, long offset)
    {
        UInt128 hash = XxHash128.HashToUInt128(key, _seed);
        ref long entry = ref SlotOf(hash);
        if (entry == 0)
        {
            if (Count == _mostEntries)
            {
                return false;
            }

            Count++;
        }

        Span<long> slot = System.Runtime.InteropServices.MemoryMarshal.CreateSpan(ref entry, LongsPerEntry);
        slot[0] = offset + 1; // 0 marks a free slot
        slot[1] = unchecked((long)(ulong)hash);
        slot[2] = unchecked((long)(ulong)(hash >> 64));
        return true;
    }

    /// <summary>The newest offset of a key; -1 when it is not in the map.</summary>
    public long Find(ReadOnlySpan<byte> key) => SlotOf(XxHash128.HashToUInt128(key, _seed)) - 1;

    private ref long SlotOf(UInt128 hash)
    {
        ulong low = (ulong)hash;
        ulong high = (ulong)(hash >> 64);
        ulong slot = Math.BigMul(high, _slots, out _);
        while (true)
        {
            int at = (int)slot * LongsPerEntry;
            if (_table[at] == 0 || (_table[at + 1] == unchecked((long)low) && _table[at + 2] == unchecked((long)high)))
            {
                return ref _table[at];
            }

            slot = slot + 1 == _slots ? 0 : slot + 1;
        }
    }
}
