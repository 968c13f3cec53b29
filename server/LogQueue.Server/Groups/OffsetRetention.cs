using LogQueue.Engine.Groups;
using LogQueue.Records;

namespace LogQueue.Server.Groups;

/// <summary>Which committed offsets of a group have outlived their retention. Pure.</summary>
internal static class OffsetRetention
{
    /// <summary>Picks the offsets to delete.</summary>
    /// <remarks>A group that had members keeps its offsets from when it became empty; a group without any protocol from each commit;
    /// a stable group of consumers only loses offsets of topics it does not subscribe to; every other one keeps all. An expiry that
    /// the client itself set stands in place of the retention.</remarks>
    public static IReadOnlyList<TopicPartition> Expired(
        Group group, IReadOnlyList<KeyValuePair<TopicPartition, CommittedOffset>> offsets, long retentionMs, long nowUnixMs)
    {
        bool isSimple = group.ProtocolType is null;
        bool isEmpty = group.Phase == GroupPhase.Empty;
        IReadOnlySet<string>? subscribed = group.Phase == GroupPhase.Stable ? group.SubscribedTopics : null;
        if (!isEmpty && subscribed is null)
        {
            return [];
        }

        var expired = new List<TopicPartition>();
        foreach ((TopicPartition partition, CommittedOffset offset) in offsets)
        {
            if (subscribed?.Contains(partition.Topic) == true)
            {
                continue;
            }

            long since = isEmpty && !isSimple ? Math.Max(group.PhaseSinceUnixMs, offset.CommitTimestampMs) : offset.CommitTimestampMs;
            bool isDue = offset.ExpireTimestampMs >= 0 ? nowUnixMs >= offset.ExpireTimestampMs : nowUnixMs - since >= retentionMs;
            if (isDue)
            {
                expired.Add(partition);
            }
        }

        return expired;
    }
}
