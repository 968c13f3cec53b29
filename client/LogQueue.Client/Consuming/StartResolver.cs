using LogQueue.Client.Admin;
using LogQueue.Client.Cluster;
using LogQueue.Client.Groups;
using LogQueue.Records;

namespace LogQueue.Client.Consuming;

/// <summary>Where reading starts: the group's committed offset, else what the options say. Thread-safe.</summary>
internal sealed class StartResolver(ConsumerOptions options, OffsetLookup lookup, GroupOffsetClient? committed, TimeSpan patience)
{
    /// <summary>The start of each partition, and where it stops (-1: never).</summary>
    /// <param name="partitions">The partitions; those in <paramref name="resets"/> ignore the committed offset.</param>
    /// <param name="resets">Partitions whose position was out of range.</param>
    /// <param name="cancellationToken">Stops asking.</param>
    public async Task<Dictionary<TopicPartition, (long Start, long Stop)>> ResolveAsync(
        IReadOnlyList<TopicPartition> partitions, IReadOnlySet<TopicPartition> resets, CancellationToken cancellationToken)
    {
        var starts = new Dictionary<TopicPartition, long>(partitions.Count);
        TopicPartition[] mayBeStored = [.. partitions.Where(p => !resets.Contains(p))];
        if (committed is not null && mayBeStored.Length > 0)
        {
            foreach ((TopicPartition id, GroupOffset offset) in await committed.FetchAsync(mayBeStored, patience, cancellationToken)
                .ConfigureAwait(false))
            {
                starts[id] = offset.Offset;
            }
        }

        TopicPartition[] open = [.. partitions.Where(p => !starts.ContainsKey(p))];
        Dictionary<TopicPartition, long> ends = [];
        if (options.StopAtEnd || (open.Length > 0 && options.Start.Kind is StartKind.End or StartKind.FromEnd or StartKind.Timestamp))
        {
            ends = await FindAsync(partitions, OffsetSpec.Latest.TimestampMs, cancellationToken).ConfigureAwait(false);
        }

        await AddDefaultsAsync(starts, open, ends, resets, cancellationToken).ConfigureAwait(false);
        return partitions.ToDictionary(static p => p, p => (starts[p], options.StopAtEnd ? ends[p] : -1));
    }

    private async Task AddDefaultsAsync(
        Dictionary<TopicPartition, long> starts,
        TopicPartition[] open,
        Dictionary<TopicPartition, long> ends,
        IReadOnlySet<TopicPartition> resets,
        CancellationToken cancellationToken)
    {
        StartPosition start = options.Start;
        StartKind kind = start.Kind == StartKind.Offset && open.Any(resets.Contains) ? StartKind.Beginning : start.Kind;
        Dictionary<TopicPartition, long> found = kind switch
        {
            StartKind.Beginning or StartKind.FromEnd => await FindAsync(open, OffsetSpec.Earliest.TimestampMs, cancellationToken)
                .ConfigureAwait(false),
            StartKind.Timestamp => await FindAsync(open, Math.Max(0, start.Value), cancellationToken).ConfigureAwait(false),
            _ => [],
        };
        foreach (TopicPartition id in open)
        {
            starts[id] = kind switch
            {
                StartKind.Beginning => found[id],
                StartKind.End => ends[id],
                StartKind.Offset => start.Value,
                StartKind.FromEnd => Math.Max(found[id], ends[id] - start.Value),

                // Nothing that young: go on with what comes.
                _ => found[id] >= 0 ? found[id] : ends[id],
            };
        }
    }

    private async Task<Dictionary<TopicPartition, long>> FindAsync(
        IReadOnlyList<TopicPartition> partitions, long timestampMs, CancellationToken cancellationToken)
    {
        if (partitions.Count == 0)
        {
            return [];
        }

        Dictionary<TopicPartition, OffsetFound> found = await lookup.FindAsync(
            partitions.ToDictionary(static p => p, _ => timestampMs), options.Isolation, patience, cancellationToken).ConfigureAwait(false);
        return found.ToDictionary(static f => f.Key, static f => f.Value.Offset);
    }
}
