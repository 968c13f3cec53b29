using System.Text;

namespace LogQueue.Records;

/// <summary>One header of a record where it lies. Valid as long as its <see cref="RecordView"/>.</summary>
public readonly ref struct RecordHeaderView
{
    private readonly bool _hasValue;

    internal RecordHeaderView(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, bool hasValue)
    {
        KeyUtf8 = key;
        Value = value;
        _hasValue = hasValue;
    }

    /// <summary>The name, in UTF-8.</summary>
    public ReadOnlySpan<byte> KeyUtf8 { get; }

    /// <summary>The value; empty when there is none (<see cref="IsValueNull"/>).</summary>
    public ReadOnlySpan<byte> Value { get; }

    /// <summary>True when the header has no value, which is not the same as an empty one.</summary>
    public bool IsValueNull => !_hasValue;

    /// <summary>Copies the header into memory of its own.</summary>
    public RecordHeader ToHeader() => new(Encoding.UTF8.GetString(KeyUtf8), _hasValue ? Value.ToArray() : default(ReadOnlyMemory<byte>?));
}
