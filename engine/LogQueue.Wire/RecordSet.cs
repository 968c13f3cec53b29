using System.Runtime.CompilerServices;

namespace LogQueue.Wire;

/// <summary>
/// The value of a <c>records</c> field: nothing, bytes in memory (aliasing the frame they came in), or a leased slice of a file.
/// An immutable view: it owns neither.
/// </summary>
public readonly struct RecordSet
{
    private readonly ReadOnlyMemory<byte> _memory;

    /// <summary>Apart, since requests, whose objects are counted against their frame, never have one.</summary>
    private readonly StrongBox<RecordSlice>? _slice;

    /// <summary>Record bytes in memory.</summary>
    public RecordSet(ReadOnlyMemory<byte> memory)
    {
        _memory = memory;
        HasValue = true;
    }

    /// <summary>Record bytes that lie in a file.</summary>
    public RecordSet(RecordSlice slice)
    {
        _slice = slice.IsEmpty ? null : new StrongBox<RecordSlice>(slice);
        HasValue = true;
    }

    /// <summary>No record set at all (length -1 on the wire).</summary>
    public static RecordSet Null => default;

    /// <summary>A record set without records (length 0): what a fetch without data answers, since some clients refuse null.</summary>
    public static RecordSet Empty => new(ReadOnlyMemory<byte>.Empty);

    /// <summary>True for <see cref="Null"/>.</summary>
    public bool IsNull => !HasValue;

    /// <summary>Size in bytes; 0 for <see cref="Null"/>.</summary>
    public int LengthBytes => _memory.Length + Slice.LengthBytes;

    /// <summary>The bytes, when they are in memory; empty for a slice.</summary>
    public ReadOnlyMemory<byte> Memory => _memory;

    /// <summary>The slice, when the bytes lie in a file; else empty.</summary>
    public RecordSlice Slice => _slice?.Value ?? default;

    private bool HasValue { get; }
}
