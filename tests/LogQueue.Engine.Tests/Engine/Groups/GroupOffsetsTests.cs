using LogQueue.Engine.Groups;
using LogQueue.Engine.Partitions;
using LogQueue.Records;

namespace LogQueue.Engine.Tests.Engine.Groups;

public sealed class GroupOffsetsTests : EngineTest
{
    private static readonly TopicPartition First = new("t", 0);
    private static readonly TopicPartition Second = new("t", 1);

    [Theory]
    [InlineData(Durability.Commit)]
    [InlineData(Durability.Os)]
    public async Task What_is_answered_survives_a_crash_in_either_durability(Durability durability)
    {
        await using LogEngine engine = await OpenAsync(durability);
        await engine.CreateTopicAsync("t", 2, cancellationToken: Deadline);
        await engine.GroupOffsets.CommitAsync("a", [new OffsetToCommit(First, 5), new OffsetToCommit(Second, 6, Metadata: "note")], Deadline);
        await engine.GroupOffsets.CommitAsync("a", [new OffsetToCommit(First, 9)], Deadline);
        await engine.GroupOffsets.CommitAsync("b", [new OffsetToCommit(First, 1)], Deadline);
        await engine.GroupOffsets.DeleteAsync("b", null, Deadline);
        await engine.GroupOffsets.CommitAsync("c", [new OffsetToCommit(First, 2), new OffsetToCommit(Second, 3)], Deadline);
        await engine.GroupOffsets.DeleteAsync("c", [First], Deadline);
        Check(engine.GroupOffsets);

        using TemporaryDirectory copy = TemporaryDirectory.CopyOf(DataDirectory);
        await using LogEngine crashed = await LogEngine.OpenAsync(new LogEngineOptions { DataDirectory = copy.Path }, Deadline);
        Assert.False(crashed.Recovery.CleanShutdown);
        Check(crashed.GroupOffsets);

        static void Check(GroupOffsets offsets)
        {
            Assert.Equal(["a", "c"], offsets.Groups);
            Assert.True(offsets.TryGet("a", First, out CommittedOffset first));
            Assert.True(offsets.TryGet("a", Second, out CommittedOffset second));
            Assert.Equal((9, 6, "note"), (first.Offset, second.Offset, second.Metadata));
            Assert.False(offsets.TryGet("b", First, out _));
            Assert.Equal([Second], offsets.Of("c").Select(static pair => pair.Key));
            Assert.Empty(offsets.Of("unknown"));
        }
    }

    [Fact]
    public async Task Commits_of_many_tasks_share_syncs_and_the_last_of_each_group_stays()
    {
        await using LogEngine engine = await OpenAsync();
        Partition partition = await CreateAsync(engine);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(group => Task.Run(async () =>
        {
            for (int i = 1; i <= 10; i++)
            {
                await engine.GroupOffsets.CommitAsync($"g{group}", [new OffsetToCommit(partition.Id, i)], Deadline);
            }
        })));

        await engine.CloseAsync();
        await using LogEngine again = await OpenAsync();
        Assert.Equal(20, again.GroupOffsets.Groups.Count);
        Assert.All(again.GroupOffsets.Groups, group =>
            Assert.True(again.GroupOffsets.TryGet(group, partition.Id, out CommittedOffset offset) && offset.Offset == 10));
    }

    [Fact]
    public async Task Metadata_that_is_too_long_is_refused_with_its_bound()
    {
        await using LogEngine engine = await OpenAsync();
        ArgumentException refused = await Assert.ThrowsAsync<ArgumentException>(async () => await engine.GroupOffsets.CommitAsync(
            "g", [new OffsetToCommit(First, 1, Metadata: new string('x', GroupOffsets.MaxMetadataLength + 1))], Deadline));
        Assert.Contains("4096", refused.Message, StringComparison.Ordinal);
        Assert.Empty(engine.GroupOffsets.Groups);
    }
}
