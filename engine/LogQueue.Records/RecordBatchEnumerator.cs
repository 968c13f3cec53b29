namespace LogQueue.Records;

/// <summary>
/// Walks batches that lie back to back, by their length fields alone. Stops at the first that is torn, or whose length or magic is
/// impossible. Not thread-safe.
/// </summary>
public ref struct RecordBatchEnumerator
{
    private readonly ReadOnlySpan<byte> _bytes;
    private int _currentSize;

    /// <summary>Starts before the first batch.</summary>
    public RecordBatchEnumerator(ReadOnlySpan<byte> backToBackBatches)
    {
        _bytes = backToBackBatches;
        ConsumedBytes = 0;
        _currentSize = 0;
    }

    /// <summary>Bytes of all batches seen so far: where the last whole one ends.</summary>
    public int ConsumedBytes { get; private set; }

    /// <summary>Where the current batch begins.</summary>
    public readonly int CurrentPosition => ConsumedBytes - _currentSize;

    /// <summary>The current batch, exactly its bytes.</summary>
    public readonly RecordBatchView Current => new(_bytes.Slice(CurrentPosition, _currentSize));

    /// <summary>Goes to the next whole batch; false at the end or before a torn one.</summary>
    public bool MoveNext()
    {
        ReadOnlySpan<byte> rest = _bytes[ConsumedBytes..];
        if (!RecordBatchView.TryReadSize(rest, out int size) || size > rest.Length
            || rest[RecordBatchLayout.MagicPosition] != (byte)RecordBatchLayout.Magic)
        {
            return false;
        }

        _currentSize = size;
        ConsumedBytes += size;
        return true;
    }
}
