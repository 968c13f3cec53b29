using LogQueue.Client.Groups;
using LogQueue.Records;

namespace LogQueue.Client.Tests.Client.Groups;

public sealed class StickyAssignorTests
{
    [Fact]
    public void A_newcomer_gets_its_share_only_after_the_owner_gave_it_up()
    {
        Dictionary<string, int> counts = new() { ["t"] = 4 };
        Dictionary<string, MemberSubscription> members = new()
        {
            ["a"] = new(["t"], [new("t", 0), new("t", 1), new("t", 2), new("t", 3)], 1),
            ["b"] = new(["t"], [], -1),
        };
        Dictionary<string, List<TopicPartition>> first = StickyAssignor.Assign(members, counts);
        Assert.Equal(2, first["a"].Count);
        Assert.Empty(first["b"]);
        members["a"] = members["a"] with { Owned = first["a"], GenerationId = 2 };
        Dictionary<string, List<TopicPartition>> second = StickyAssignor.Assign(members, counts);
        Assert.Equal(first["a"], second["a"]);
        Assert.Equal(2, second["b"].Count);
    }

    [Fact]
    public void Of_two_claims_the_later_generation_wins_and_equal_ones_both_lose()
    {
        Dictionary<string, int> counts = new() { ["t"] = 2 };
        TopicPartition both = new("t", 0);
        Dictionary<string, MemberSubscription> members = new() { ["a"] = new(["t"], [both], 4), ["b"] = new(["t"], [both], 5) };
        Dictionary<string, List<TopicPartition>> later = StickyAssignor.Assign(members, counts);
        Assert.Equal([both], later["b"]);
        Assert.Equal([new("t", 1)], later["a"]);
        members["a"] = members["a"] with { GenerationId = 5 };
        Dictionary<string, List<TopicPartition>> equal = StickyAssignor.Assign(members, counts);
        Assert.DoesNotContain(both, equal.Values.SelectMany(static p => p));
    }

    [Fact]
    public void A_chain_of_moves_evens_out_what_no_single_move_can()
    {
        // a reads x, b reads x and y, c reads y only: c can be relieved by b, and b by a.
        Dictionary<string, MemberSubscription> members = new()
        {
            ["a"] = new(["x"], [], 1),
            ["b"] = new(["x", "y"], [new("x", 0), new("x", 1)], 1),
            ["c"] = new(["y"], [new("y", 0), new("y", 1), new("y", 2), new("y", 3)], 1),
        };
        Dictionary<string, List<TopicPartition>> target = StickyAssignor.Target(members, new Dictionary<string, int> { ["x"] = 2, ["y"] = 4 });
        Assert.Equal([2, 2, 2], target.Values.Select(static p => p.Count));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Groups_that_come_and_go_stay_even_and_move_no_more_than_they_must(int seed)
    {
        for (int round = 0; round < 60; round++)
        {
            var random = new Random((seed * 1000) + round);
            Dictionary<string, int> counts = Enumerable.Range(0, random.Next(1, 5)).ToDictionary(static t => $"t{t}", _ => random.Next(0, 12));
            Dictionary<string, MemberSubscription> members = [];
            int names = 0;
            for (int change = 0; change < 12; change++)
            {
                Change(random, members, counts, ref names);
                Check(members, counts, $"seed {seed}, round {round}, change {change}");
                Settle(members, counts);
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Whatever_members_want_everything_is_given_once_and_it_settles(int seed)
    {
        for (int round = 0; round < 150; round++)
        {
            var random = new Random((seed * 1000) + round);
            Dictionary<string, int> counts = Enumerable.Range(0, 5).ToDictionary(static t => $"t{t}", _ => random.Next(0, 9));
            Dictionary<string, MemberSubscription> members = [];
            for (int m = 0; m < random.Next(1, 8); m++)
            {
                string[] topics = [.. counts.Keys.Where(_ => random.Next(2) == 0)];
                TopicPartition[] claims = [.. Enumerable.Range(0, random.Next(8)).Select(_ => new TopicPartition($"t{random.Next(6)}", random.Next(10))).Distinct()];
                members[$"m{m}"] = new(topics, claims, random.Next(-1, 3));
            }

            Settle(members, counts);
            TopicPartition[] given = [.. members.SelectMany(static m => m.Value.Owned)];
            Assert.Equal(given.Length, given.Distinct().Count());
            Assert.Equal(counts.Where(c => members.Values.Any(m => m.Topics.Contains(c.Key))).Sum(static c => c.Value), given.Length);
            Assert.All(members.Values, static m => Assert.All(m.Owned, p => Assert.Contains(p.Topic, m.Topics)));
        }
    }

    private static void Change(Random random, Dictionary<string, MemberSubscription> members, Dictionary<string, int> counts, ref int names)
    {
        int kind = random.Next(4);
        if (members.Count == 0 || kind < 2)
        {
            members[$"m{random.Next(100)}-{names++}"] = new([.. counts.Keys], [], -1);
        }
        else if (kind == 2 && members.Count > 1)
        {
            members.Remove(members.Keys.ElementAt(random.Next(members.Count)));
        }
        else
        {
            counts[counts.Keys.ElementAt(random.Next(counts.Count))] += random.Next(3);
        }
    }

    /// <summary>Even within one; and as many partitions stay as any even share allows.</summary>
    private static void Check(Dictionary<string, MemberSubscription> members, Dictionary<string, int> counts, string what)
    {
        Dictionary<string, List<TopicPartition>> target = StickyAssignor.Target(members, counts);
        int total = counts.Values.Sum();
        Assert.Equal(total, target.Values.SelectMany(static p => p).Distinct().Count());
        Assert.True(target.Values.Max(static p => p.Count) - target.Values.Min(static p => p.Count) <= 1, what);
        int kept = target.Sum(t => t.Value.Intersect(members[t.Key].Owned).Count());
        int floor = total / members.Count;
        int extra = total % members.Count;
        int most = members.Values.Sum(m => Math.Min(m.Owned.Count, floor)) + Math.Min(extra, members.Values.Count(m => m.Owned.Count > floor));
        Assert.True(kept == most, $"{what}: {kept} stayed, {most} could");
    }

    /// <summary>Rebalances as members do: each gives up what it lost and asks again, until nobody lost anything.</summary>
    private static void Settle(Dictionary<string, MemberSubscription> members, Dictionary<string, int> counts)
    {
        for (int generation = 10; ; generation++)
        {
            Assert.True(generation < 14, "it goes on and on");
            Dictionary<string, List<TopicPartition>> shares = StickyAssignor.Assign(members, counts);
            foreach ((string member, List<TopicPartition> share) in shares)
            {
                // Nobody gets what another one still reads.
                Assert.Empty(share.Except(members[member].Owned).Intersect(members.Where(m => m.Key != member).SelectMany(static m => m.Value.Owned)));
            }

            bool isSettled = shares.All(s => !members[s.Key].Owned.Except(s.Value).Any());
            foreach ((string member, List<TopicPartition> share) in shares)
            {
                members[member] = members[member] with { Owned = share, GenerationId = generation };
            }

            if (isSettled)
            {
                return;
            }
        }
    }
}
