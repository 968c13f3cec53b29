namespace LogQueue.Storage.Files;

/// <summary>
/// Numbers leases, so that each ends once however often its holders say so, and without an object per lease: a number is a slot, and how
/// often the slot was used. A number that is kept for two thousand million uses of its slot could be taken for a live one. Thread-safe.
/// </summary>
internal sealed class LeaseNumbers
{
    private readonly Lock _lock = new();
    private readonly Stack<int> _free = [];

    /// <summary>Uses of each slot, counted at the beginning and at the end: odd while it is taken.</summary>
    private uint[] _uses = [];

    /// <summary>A number that no live lease has.</summary>
    public long Begin()
    {
        lock (_lock)
        {
            if (_free.Count == 0)
            {
                Grow();
            }

            int slot = _free.Pop();
            return ((long)++_uses[slot] << 32) | (uint)slot;
        }
    }

    /// <summary>True from <see cref="Begin"/> to <see cref="TryEnd"/>.</summary>
    public bool IsLive(long number)
    {
        lock (_lock)
        {
            return IsLiveLocked(number);
        }
    }

    /// <summary>True once for each number.</summary>
    public bool TryEnd(long number)
    {
        lock (_lock)
        {
            if (!IsLiveLocked(number))
            {
                return false;
            }

            int slot = (int)number;
            _uses[slot]++;
            _free.Push(slot);
            return true;
        }
    }

    private bool IsLiveLocked(long number) => (ulong)(uint)number < (ulong)_uses.Length && _uses[(int)number] == (uint)(number >> 32);

    private void Grow()
    {
        int before = _uses.Length;
        Array.Resize(ref _uses, Math.Max(4, before * 2));
        for (int slot = _uses.Length - 1; slot >= before; slot--)
        {
            _free.Push(slot);
        }
    }
}
