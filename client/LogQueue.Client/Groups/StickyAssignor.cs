using LogQueue.Records;

namespace LogQueue.Client.Groups;

/// <summary>
/// Shares out evenly with the fewest moves, and in two steps where a partition changes hands: first its owner is left without it, then,
/// in the rebalance that this owner asks for after handing over, the next one gets it. So no two members ever read the same partition.
/// For one use.
/// </summary>
internal sealed class StickyAssignor
{
    public const string Name = "cooperative-sticky";

    private readonly IReadOnlyDictionary<string, MemberSubscription> _members;
    private readonly SortedDictionary<string, string[]> _subscribers = new(StringComparer.Ordinal);
    private readonly Dictionary<TopicPartition, (string Member, int Generation)> _owners = [];
    private readonly HashSet<TopicPartition> _disputed = [];
    private readonly SortedDictionary<string, List<TopicPartition>> _shares = new(StringComparer.Ordinal);

    private StickyAssignor(IReadOnlyDictionary<string, MemberSubscription> members, IReadOnlyDictionary<string, int> partitionCounts)
    {
        _members = members;
        foreach (string member in members.Keys)
        {
            _shares[member] = [];
        }

        foreach (string topic in partitionCounts.Keys)
        {
            string[] subscribers =
                [.. members.Where(m => m.Value.Topics.Contains(topic)).Select(static m => m.Key).Order(StringComparer.Ordinal)];
            if (subscribers.Length > 0)
            {
                _subscribers[topic] = subscribers;
            }
        }

        FindOwners();
        ShareOut(partitionCounts);
        while (MoveOne())
        {
        }
    }

    /// <summary>What every member should have in the end.</summary>
    public static Dictionary<string, List<TopicPartition>> Target(
        IReadOnlyDictionary<string, MemberSubscription> members, IReadOnlyDictionary<string, int> partitionCounts) =>
        new StickyAssignor(members, partitionCounts)._shares.ToDictionary(static s => s.Key, static s => s.Value, StringComparer.Ordinal);

    /// <summary>What every member gets now: the target without what somebody else still reads.</summary>
    public static Dictionary<string, List<TopicPartition>> Assign(
        IReadOnlyDictionary<string, MemberSubscription> members, IReadOnlyDictionary<string, int> partitionCounts)
    {
        var assignor = new StickyAssignor(members, partitionCounts);
        var claimed = members.Values.SelectMany(static m => m.Owned).ToHashSet();
        return assignor._shares.ToDictionary(
            static s => s.Key, s => s.Value.FindAll(p => !claimed.Contains(p) || assignor.IsOwner(s.Key, p)), StringComparer.Ordinal);
    }

    private bool IsOwner(string member, TopicPartition partition) =>
        _owners.TryGetValue(partition, out (string Member, int Generation) owner) && owner.Member == member
        && !_disputed.Contains(partition);

    /// <summary>Who has what. Of two who claim the same the one of the later generation is right; of one generation, neither.</summary>
    private void FindOwners()
    {
        foreach ((string member, MemberSubscription subscription) in _members)
        {
            foreach (TopicPartition partition in subscription.Owned)
            {
                if (!_owners.TryGetValue(partition, out (string Member, int Generation) other)
                    || other.Generation < subscription.GenerationId)
                {
                    _owners[partition] = (member, subscription.GenerationId);
                    _disputed.Remove(partition);
                }
                else if (other.Generation == subscription.GenerationId && other.Member != member)
                {
                    _disputed.Add(partition);
                }
            }
        }
    }

    /// <summary>Everybody keeps what he has and still wants; the rest goes where least is, the choosiest topics first.</summary>
    private void ShareOut(IReadOnlyDictionary<string, int> partitionCounts)
    {
        var free = new List<TopicPartition>();
        foreach (string topic in _subscribers.Keys)
        {
            for (int i = 0; i < partitionCounts[topic]; i++)
            {
                var partition = new TopicPartition(topic, i);
                if (_owners.TryGetValue(partition, out (string Member, int Generation) owner) && !_disputed.Contains(partition)
                    && _subscribers[topic].Contains(owner.Member))
                {
                    _shares[owner.Member].Add(partition);
                }
                else
                {
                    free.Add(partition);
                }
            }
        }

        foreach (TopicPartition partition in free.OrderBy(p => _subscribers[p.Topic].Length))
        {
            _shares[_subscribers[partition.Topic].MinBy(m => _shares[m].Count)!].Add(partition);
        }
    }

    /// <summary>
    /// Takes one from a member that has two more than somebody it reaches, directly or over others that pass one of theirs on, the
    /// shortest way. False when nobody has that many more.
    /// </summary>
    private bool MoveOne()
    {
        foreach (string richest in _shares.Keys.OrderByDescending(m => _shares[m].Count).ToArray())
        {
            var cameFrom = new Dictionary<string, (string Member, TopicPartition Partition)>(StringComparer.Ordinal);
            string? poor = Search(richest, cameFrom);
            if (poor is null)
            {
                continue;
            }

            for (string at = poor; at != richest; at = cameFrom[at].Member)
            {
                (string from, TopicPartition partition) = cameFrom[at];
                _shares[from].Remove(partition);
                _shares[at].Add(partition);
            }

            return true;
        }

        return false;
    }

    private string? Search(string start, Dictionary<string, (string Member, TopicPartition Partition)> cameFrom)
    {
        int most = _shares[start].Count - 2;
        string? found = null;
        List<string> edge = [start];
        while (edge.Count > 0 && found is null)
        {
            var next = new List<string>();
            foreach (string member in edge)
            {
                // The last one of each topic: what was just given before what was owned.
                var offers = new Dictionary<string, TopicPartition>(StringComparer.Ordinal);
                foreach (TopicPartition partition in _shares[member])
                {
                    if (!offers.TryGetValue(partition.Topic, out TopicPartition other)
                        || IsOwner(member, other) || !IsOwner(member, partition))
                    {
                        offers[partition.Topic] = partition;
                    }
                }

                foreach (TopicPartition offer in offers.Values)
                {
                    foreach (string other in _subscribers[offer.Topic])
                    {
                        if (other != start && cameFrom.TryAdd(other, (member, offer)))
                        {
                            next.Add(other);
                            bool isPoorer = _shares[other].Count <= most && (found is null || _shares[other].Count < _shares[found].Count);
                            found = isPoorer ? other : found;
                        }
                    }
                }
            }

            edge = next;
        }

        return found;
    }
}
