using LogQueue.Client.Groups;
using LogQueue.Records;

namespace LogQueue.Client.Tests.Client.Groups;

public sealed class AssignorsTests
{
    private static readonly Dictionary<string, int> Counts = new() { ["a"] = 5, ["b"] = 2 };

    private static readonly Dictionary<string, string[]> Members = new() { ["m2"] = ["a", "b"], ["m1"] = ["a", "b"], ["m3"] = ["a"] };

    [Fact]
    public void Range_gives_consecutive_partitions_and_the_rest_to_the_first()
    {
        Dictionary<string, List<TopicPartition>> result = Assignors.Assign("range", Members, Counts);
        Assert.Equal("a0 a1 b0", Text(result["m1"]));
        Assert.Equal("a2 a3 b1", Text(result["m2"]));
        Assert.Equal("a4", Text(result["m3"]));
    }

    [Fact]
    public void Round_robin_deals_one_after_the_other()
    {
        Dictionary<string, List<TopicPartition>> result = Assignors.Assign("roundrobin", Members, Counts);
        Assert.Equal("a0 a3 b0", Text(result["m1"]));
        Assert.Equal("a1 a4 b1", Text(result["m2"]));
        Assert.Equal("a2", Text(result["m3"]));
    }

    [Theory]
    [InlineData("range")]
    [InlineData("roundrobin")]
    public void Everything_is_given_once_to_somebody_who_wants_it(string assignor)
    {
        for (int members = 1; members <= 7; members++)
        {
            var wishes = Enumerable.Range(0, members).ToDictionary(static m => $"m{m}", static m => m % 3 == 0 ? new[] { "a", "b" } : m % 3 == 1 ? ["a"] : ["b"]);
            Dictionary<string, List<TopicPartition>> result = Assignors.Assign(assignor, wishes, Counts);
            TopicPartition[] all = [.. result.SelectMany(static r => r.Value)];
            Assert.Equal(7, all.Length);
            Assert.Equal(7, all.Distinct().Count());
            Assert.All(result, r => Assert.All(r.Value, p => Assert.Contains(p.Topic, wishes[r.Key])));
        }
    }

    [Fact]
    public void Nobody_and_nothing_are_fine()
    {
        Assert.Empty(Assignors.Assign("range", new Dictionary<string, string[]>(), Counts));
        Assert.Empty(Assignors.Assign("roundrobin", Members, new Dictionary<string, int>())["m1"]);
        Assert.Empty(Assignors.Assign("roundrobin", new Dictionary<string, string[]> { ["m"] = ["c"] }, Counts)["m"]);
    }

    private static string Text(List<TopicPartition> partitions) => string.Join(' ', partitions.Select(static p => p.Topic + p.Partition));
}
