namespace LogQueue.Storage;

/// <summary>The outcome of one append. A value: appending allocates nothing for it.</summary>
/// <param name="Status">What happened.</param>
/// <param name="BaseOffset">Offset of the first record; -1 unless appended or duplicate.</param>
/// <param name="LastOffset">Offset of the last record; -1 unless appended or duplicate.</param>
/// <param name="LogAppendTimeMs">The stamped time for LogAppendTime topics, in milliseconds since 1970; otherwise -1.</param>
/// <param name="LogStartOffset">The log start offset at that moment.</param>
/// <param name="Detail">A sentence for people when the append was refused.</param>
public readonly record struct AppendResult(
    AppendStatus Status, long BaseOffset, long LastOffset, long LogAppendTimeMs, long LogStartOffset, string? Detail)
{
    /// <summary>The offset after the last appended record: what to wait for until it is durable.</summary>
    public long NextOffset => LastOffset + 1;

    internal static AppendResult Refused(AppendStatus status, long logStartOffset, string detail) =>
        new(status, -1, -1, -1, logStartOffset, detail);
}
