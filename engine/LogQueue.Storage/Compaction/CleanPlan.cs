using LogQueue.Storage.Indexes;
using LogQueue.Storage.Segments;

namespace LogQueue.Storage.Compaction;

/// <summary>What a log has to clean, and how much that matters. Immutable; a snapshot, made under the log's locks.</summary>
internal sealed record CleanPlan
{
    /// <summary>The sealed segments that may be cleaned, oldest first, without a gap between them.</summary>
    public required LogSegment[] Segments { get; init; }

    /// <summary>Below it every key occurs once.</summary>
    public required long FirstDirtyOffset { get; init; }

    /// <summary>Where the cleanable segments end; exclusive.</summary>
    public required long EndOffset { get; init; }

    /// <summary>Bytes of segments that have no dirty record.</summary>
    public required long CleanBytes { get; init; }

    /// <summary>Bytes of segments that have any.</summary>
    public required long DirtyBytes { get; init; }

    /// <summary>True when a dirty record is older than <c>max.compaction.lag.ms</c>.</summary>
    public required bool IsLate { get; init; }

    /// <summary>True when a tombstone's or marker's delete horizon has passed.</summary>
    public required bool IsPastHorizon { get; init; }

    /// <summary>The least ratio of dirty bytes (<c>min.cleanable.dirty.ratio</c>).</summary>
    public required double MinDirtyRatio { get; init; }

    /// <summary>All aborted transactions of the log's indexes.</summary>
    public required IReadOnlyList<AbortedEntry> Aborted { get; init; }

    /// <summary>The live producers.</summary>
    public required ActiveProducers Producers { get; init; }

    /// <summary>Dirty share of the cleanable bytes, 0 to 1.</summary>
    public double DirtyRatio => DirtyBytes == 0 ? 0 : (double)DirtyBytes / (CleanBytes + DirtyBytes);

    /// <summary>True when a pass is due.</summary>
    public bool IsDue => Segments.Length > 0 && ((DirtyBytes > 0 && (IsLate || DirtyRatio >= MinDirtyRatio)) || IsPastHorizon);

    /// <summary>
    /// Groups of neighbours below an offset that become one segment each: within the bounds of a segment and its indexes.
    /// </summary>
    public List<LogSegment[]> GroupsBelow(long endOffset, LogOptions options)
    {
        const int MostSegments = 64; // their files stay open during a swap
        List<LogSegment[]> groups = [];
        List<LogSegment> group = [];
        long bytes = 0;
        long indexBytes = 0;
        foreach (LogSegment segment in Segments)
        {
            if (segment.BaseOffset >= endOffset)
            {
                break;
            }

            long segmentIndexBytes = Math.Max(segment.OffsetIndex.SizeBytes, segment.TimeIndex.SizeBytes);
            if (group.Count > 0 && (bytes + segment.SizeBytes > options.SegmentBytes
                || indexBytes + segmentIndexBytes > options.SegmentIndexBytes
                || segment.NextOffset - group[0].BaseOffset > int.MaxValue || group.Count == MostSegments))
            {
                groups.Add([.. group]);
                group.Clear();
                (bytes, indexBytes) = (0, 0);
            }

            group.Add(segment);
            bytes += segment.SizeBytes;
            indexBytes += segmentIndexBytes;
        }

        if (group.Count > 0)
        {
            groups.Add([.. group]);
        }

        return groups;
    }
}
