using LogQueue.Storage.Segments;

namespace LogQueue.Storage.Partitions;

/// <summary>Which segments retention no longer keeps. Stateless.</summary>
internal static class RetentionRules
{
    /// <summary>True when a segment's newest record is older than the topic keeps.</summary>
    internal static bool IsExpired(LogSegment segment, LogOptions options, DateTimeOffset now)
    {
        if (!options.DeleteOld || options.RetentionMs < 0 || segment.SizeBytes == 0)
        {
            return false;
        }

        long newest = segment.MaxTimestampMs >= 0 ? segment.MaxTimestampMs : segment.CreatedAtMs;
        return newest > 0 && now.ToUnixTimeMilliseconds() - newest > options.RetentionMs;
    }

    /// <summary>True when the active segment of a compacted log holds records that must be cleaned by now.</summary>
    internal static bool IsLateForCleaning(LogSegment active, LogOptions options, DateTimeOffset now) =>
        options.Compacted && active.SizeBytes > 0 && active.FirstTimestampMs > 0
        && now.ToUnixTimeMilliseconds() - active.FirstTimestampMs > options.MaxCompactionLagMs;

    /// <summary>The log start after retention: only whole segments below the high watermark go, never the active one.</summary>
    internal static long FindLogStart(ReadOnlySpan<LogSegment> segments, LogOptions options, DateTimeOffset now, long logStart,
        long highWatermark)
    {
        if (!options.DeleteOld)
        {
            return logStart;
        }

        long total = 0;
        foreach (LogSegment segment in segments)
        {
            total += segment.SizeBytes;
        }

        for (int i = 0; i < segments.Length - 1 && segments[i + 1].BaseOffset <= highWatermark; i++)
        {
            bool isTooMuch = options.RetentionBytes >= 0 && total - segments[i].SizeBytes >= options.RetentionBytes;
            if (!isTooMuch && !IsExpired(segments[i], options, now))
            {
                if (segments[i].MaxTimestampMs >= 0 || segments[i].CreatedAtMs > 0)
                {
                    break;
                }

                continue; // emptied by the cleaner, so of no age: it goes with the next one that does
            }

            total -= segments[i].SizeBytes;
            logStart = Math.Max(logStart, segments[i + 1].BaseOffset);
        }

        return logStart;
    }
}
