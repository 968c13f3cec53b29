using System.Globalization;

namespace LogQueue.Streams.Runtime;

/// <summary>Where a task stands, as it is committed: the offset is the group's committed offset, the rest its metadata.</summary>
/// <param name="SafeOffset">Reading from here gives back every open window.</param>
/// <param name="NextOffset">First offset not processed yet.</param>
/// <param name="StreamTimeMs">Greatest event time seen.</param>
internal readonly record struct TaskPosition(long SafeOffset, long NextOffset, long StreamTimeMs)
{
    private const string Mark = "lqs1";

    public string ToMetadata() => string.Create(CultureInfo.InvariantCulture, $"{Mark} {NextOffset} {StreamTimeMs}");

    /// <summary>Reads what <see cref="ToMetadata"/> wrote; metadata of another kind means no stored stream time.</summary>
    public static TaskPosition From(long committedOffset, string? metadata)
    {
        string[] parts = (metadata ?? "").Split(' ');
        return parts.Length == 3 && parts[0] == Mark
            && long.TryParse(parts[1], CultureInfo.InvariantCulture, out long next)
            && long.TryParse(parts[2], CultureInfo.InvariantCulture, out long streamTime)
            ? new TaskPosition(committedOffset, next, streamTime)
            : new TaskPosition(committedOffset, committedOffset, long.MinValue);
    }
}
