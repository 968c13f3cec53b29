namespace LogQueue.Storage.Segments;

/// <summary>
/// What is known from elsewhere of a place in a log file: the batch that ends there, and that no offset is left out behind it. A batch's
/// checksum does not cover its base offset; where no batch follows, or offsets may be missing, nothing else tells that it is right.
/// </summary>
/// <param name="Position">A position where a batch ends, or 0.</param>
/// <param name="NextOffset">The offset after that batch; -1 when it is not known.</param>
internal readonly record struct TailAnchor(long Position, long NextOffset)
{
    /// <summary>True when a batch that ends at a position does not end with the offset it must.</summary>
    public bool Refutes(long end, long nextOffset) => NextOffset >= 0 && end == Position && nextOffset != NextOffset;
}
