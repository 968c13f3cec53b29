namespace LogQueue.Client;

/// <summary>The kinds of <see cref="StartPosition"/>.</summary>
internal enum StartKind
{
    Beginning,
    End,
    Offset,
    Timestamp,
    FromEnd,
}
