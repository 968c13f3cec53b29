namespace LogQueue.Storage.Compaction;

/// <summary>What cleaning a log did.</summary>
/// <param name="Passes">Passes over the log; more than one when the map was too small for all of it.</param>
/// <param name="BytesRead">Bytes of segments that were rewritten.</param>
/// <param name="BytesWritten">Bytes of the segments that took their place.</param>
/// <param name="RecordsRead">Records looked at.</param>
/// <param name="RecordsRemoved">Records that went.</param>
/// <param name="IsComplete">False when the log changed under the cleaner (retention, a cut): the rest waits for the next time.</param>
internal readonly record struct CleanResult(
    int Passes, long BytesRead, long BytesWritten, long RecordsRead, long RecordsRemoved, bool IsComplete)
{
    public static CleanResult operator +(CleanResult a, CleanResult b) => new(a.Passes + b.Passes, a.BytesRead + b.BytesRead,
        a.BytesWritten + b.BytesWritten, a.RecordsRead + b.RecordsRead, a.RecordsRemoved + b.RecordsRemoved, b.IsComplete);
}
