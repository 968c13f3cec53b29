using LogQueue.Records;

namespace LogQueue.Client;

/// <summary>Told when a group gives partitions to this consumer or takes them away. Calls never overlap.</summary>
public interface IRebalanceListener
{
    /// <summary>These partitions are ours from now on; reading has not started, so <see cref="Consumer.Seek"/> is possible.</summary>
    ValueTask OnAssignedAsync(Consumer consumer, IReadOnlyList<TopicPartition> partitions, CancellationToken cancellationToken);

    /// <summary>These partitions are about to go: the last moment to store results and commit.</summary>
    ValueTask OnRevokedAsync(Consumer consumer, IReadOnlyList<TopicPartition> partitions, CancellationToken cancellationToken);

    /// <summary>
    /// These partitions are gone already (the session ran out): somebody else may be reading them, committing is too late.
    /// </summary>
    ValueTask OnLostAsync(Consumer consumer, IReadOnlyList<TopicPartition> partitions, CancellationToken cancellationToken);
}
