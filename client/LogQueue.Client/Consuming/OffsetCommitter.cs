using LogQueue.Client.Groups;
using LogQueue.Records;

namespace LogQueue.Client.Consuming;

/// <summary>
/// Stores a consumer's positions in its group: by itself now and then, or when asked. Commits do not overlap. Thread-safe.
/// </summary>
internal sealed class OffsetCommitter(ReadState state, GroupOffsetClient offsets, Func<GroupIdentity?> identity) : IDisposable
{
    private readonly SemaphoreSlim _gate = new(1, 1);

    /// <summary>Commits what was asked past and is not committed yet.</summary>
    public async Task CommitPositionsAsync(GroupIdentity? who, TimeSpan patience, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            Dictionary<TopicPartition, long> open = state.Read(static partitions => partitions.Values
                .Where(static p => p.HasPosition && p.Position >= 0 && p.Position != p.CommittedOffset)
                .ToDictionary(static p => p.Id, static p => p.Position));
            await CommitLockedAsync(who, open, patience, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Commits the given offsets.</summary>
    public async Task CommitAsync(
        IReadOnlyDictionary<TopicPartition, long> given,
        IReadOnlyDictionary<TopicPartition, string>? metadata,
        TimeSpan patience,
        CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await CommitLockedAsync(null, given, patience, cancellationToken, metadata).ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose() => _gate.Dispose();

    private async Task CommitLockedAsync(
        GroupIdentity? who, IReadOnlyDictionary<TopicPartition, long> given, TimeSpan patience, CancellationToken cancellationToken,
        IReadOnlyDictionary<TopicPartition, string>? metadata = null)
    {
        if (given.Count == 0)
        {
            return;
        }

        who ??= identity() ?? throw new KafkaException(
            Protocol.ErrorCode.RebalanceInProgress,
            "The consumer is not a member of its group right now, so it cannot commit: wait for its assignment.");
        await offsets.CommitAsync(who, given, patience, cancellationToken, metadata).ConfigureAwait(false);
        foreach ((TopicPartition id, long offset) in given)
        {
            state.Change(id, p => p.CommittedOffset = offset);
        }
    }
}
