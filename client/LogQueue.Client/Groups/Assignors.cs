using LogQueue.Records;

namespace LogQueue.Client.Groups;

/// <summary>How a group's leader shares out partitions; the same results as Kafka's assignors of these names.</summary>
internal static class Assignors
{
    public static string NameOf(GroupAssignor assignor) => assignor switch
    {
        GroupAssignor.Range => "range",
        GroupAssignor.CooperativeSticky => StickyAssignor.Name,
        _ => "roundrobin",
    };

    /// <summary>Whether partitions may be kept over rebalances: only when the group can choose nothing else.</summary>
    public static bool IsCooperative(IReadOnlyList<GroupAssignor> assignors) =>
        assignors.All(static a => a == GroupAssignor.CooperativeSticky);

    /// <summary>Shares out by the assignor that the group chose; the sticky one looks at what members have.</summary>
    public static Dictionary<string, List<TopicPartition>> Assign(
        string name, IReadOnlyDictionary<string, MemberSubscription> members, IReadOnlyDictionary<string, int> partitionCounts) =>
        name == StickyAssignor.Name
            ? StickyAssignor.Assign(members, partitionCounts)
            : Assign(name, members.ToDictionary(static m => m.Key, static m => m.Value.Topics), partitionCounts);

    /// <summary>Shares out by the assignor that the group chose.</summary>
    /// <param name="name">The protocol's name of the assignor.</param>
    /// <param name="members">Member to its topics; the key orders members.</param>
    /// <param name="partitionCounts">Topic to its number of partitions; topics that do not exist are left out.</param>
    public static Dictionary<string, List<TopicPartition>> Assign(
        string name, IReadOnlyDictionary<string, string[]> members, IReadOnlyDictionary<string, int> partitionCounts) =>
        name == "roundrobin" ? RoundRobin(members, partitionCounts) : Range(members, partitionCounts);

    /// <summary>Of each topic consecutive partitions to each subscriber, the first ones one more where it does not divide.</summary>
    public static Dictionary<string, List<TopicPartition>> Range(
        IReadOnlyDictionary<string, string[]> members, IReadOnlyDictionary<string, int> partitionCounts)
    {
        Dictionary<string, List<TopicPartition>> result = Empty(members);
        foreach ((string topic, int count) in partitionCounts)
        {
            string[] subscribers = [.. members.Where(m => m.Value.Contains(topic)).Select(static m => m.Key).Order(StringComparer.Ordinal)];
            int next = 0;
            for (int i = 0; i < subscribers.Length; i++)
            {
                int share = (count / subscribers.Length) + (i < count % subscribers.Length ? 1 : 0);
                result[subscribers[i]].AddRange(Enumerable.Range(next, share).Select(p => new TopicPartition(topic, p)));
                next += share;
            }
        }

        return result;
    }

    /// <summary>All partitions in order of topic and number, dealt out in turn to those who subscribe to them.</summary>
    public static Dictionary<string, List<TopicPartition>> RoundRobin(
        IReadOnlyDictionary<string, string[]> members, IReadOnlyDictionary<string, int> partitionCounts)
    {
        Dictionary<string, List<TopicPartition>> result = Empty(members);
        string[] order = [.. members.Keys.Order(StringComparer.Ordinal)];
        int turn = 0;
        foreach ((string topic, int count) in partitionCounts.OrderBy(static t => t.Key, StringComparer.Ordinal))
        {
            if (!members.Values.Any(topics => topics.Contains(topic)))
            {
                continue;
            }

            for (int p = 0; p < count; p++)
            {
                while (!members[order[turn]].Contains(topic))
                {
                    turn = (turn + 1) % order.Length;
                }

                result[order[turn]].Add(new TopicPartition(topic, p));
                turn = (turn + 1) % order.Length;
            }
        }

        return result;
    }

    private static Dictionary<string, List<TopicPartition>> Empty(IReadOnlyDictionary<string, string[]> members) =>
        members.Keys.ToDictionary(static m => m, static _ => new List<TopicPartition>(), StringComparer.Ordinal);
}
