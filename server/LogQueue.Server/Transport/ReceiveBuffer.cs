using LogQueue.Wire.Memory;

namespace LogQueue.Server.Transport;

/// <summary>
/// A pooled buffer that a connection receives into, shared with the frames found in it: it goes back to the pool and to the memory
/// budget when the connection and the last frame have let go. Counting is thread-safe.
/// </summary>
internal sealed class ReceiveBuffer
{
    private readonly PooledBuffer _bytes;
    private readonly MemoryBudget _budget;
    private readonly int _chargedBytes;
    private int _holders = 1;

    /// <summary>Takes over <paramref name="chargedBytes"/> that were charged to the budget before.</summary>
    public ReceiveBuffer(int lengthBytes, MemoryBudget budget, int chargedBytes)
    {
        _bytes = PooledBuffer.Rent(lengthBytes);
        _budget = budget;
        _chargedBytes = chargedBytes;
    }

    /// <summary>Size in bytes.</summary>
    public int Length => _bytes.Length;

    /// <summary>The bytes.</summary>
    public Memory<byte> Memory => _bytes.Memory;

    /// <summary>True when frames hold a share besides the connection.</summary>
    public bool IsShared => Volatile.Read(ref _holders) > 1;

    /// <summary>Adds a holder.</summary>
    public void Retain() => Interlocked.Increment(ref _holders);

    /// <summary>Lets one holder go.</summary>
    public void Release()
    {
        int left = Interlocked.Decrement(ref _holders);
        if (left == 0)
        {
            _bytes.Dispose();
            _budget.Release(_chargedBytes);
        }
        else if (left < 0)
        {
            throw new InvalidOperationException("A receive buffer was released more often than it was retained.");
        }
    }
}
