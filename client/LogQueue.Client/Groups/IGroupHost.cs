using LogQueue.Records;

namespace LogQueue.Client.Groups;

/// <summary>What a group membership tells its consumer. Calls do not overlap.</summary>
internal interface IGroupHost
{
    /// <summary>Stop yielding, let the handler finish, commit. The partitions are still ours.</summary>
    Task RevokeAsync(GroupIdentity identity, CancellationToken cancellationToken);

    /// <summary>The partitions are gone: stop yielding, commit nothing.</summary>
    Task LoseAsync(CancellationToken cancellationToken);

    /// <summary>These partitions are ours from now on.</summary>
    Task AssignAsync(GroupIdentity identity, IReadOnlyList<TopicPartition> partitions, CancellationToken cancellationToken);

    /// <summary>Some partitions go (as by <see cref="RevokeAsync"/>), some come; the others are read on meanwhile.</summary>
    Task ReviseAsync(
        GroupIdentity identity,
        IReadOnlyList<TopicPartition> revoked,
        IReadOnlyList<TopicPartition> added,
        CancellationToken cancellationToken);

    /// <summary>Membership has ended for good.</summary>
    void Fail(Exception error);
}
