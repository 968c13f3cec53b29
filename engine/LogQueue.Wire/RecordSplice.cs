namespace LogQueue.Wire;

/// <summary>
/// A place in an output where the bytes of a slice belong: the transport sends what comes before, then the slice, then the rest.
/// </summary>
/// <param name="OutputPosition">Bytes of the output that come before the slice.</param>
/// <param name="Slice">The leased bytes; the sender disposes it.</param>
public readonly record struct RecordSplice(int OutputPosition, RecordSlice Slice);
