using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using static LogQueue.Server.Tests.Server.Groups.CoordinatorDriver;

namespace LogQueue.Server.Tests.Server.Groups;

public sealed class GroupOffsetTests : IAsyncLifetime
{
    private readonly CoordinatorDriver _d = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _d.DisposeAsync();

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(7)]
    [InlineData(9)]
    [InlineData(10)]
    public async Task What_is_committed_is_fetched_in_every_version(short commitVersion)
    {
        Assert.Equal([ErrorCode.None, ErrorCode.None], await _d.Commit([("t", 0, 7), ("t", 2, 9)], version: commitVersion, metadata: null));
        for (short version = 1; version <= 10; version++)
        {
            (int Partition, long Offset, string? Metadata, ErrorCode Error)[] found = Fetch(version, "g", 0, 1, 2);
            Assert.Equal([(0, 7, null, ErrorCode.None), (1, -1, "", ErrorCode.None), (2, 9, null, ErrorCode.None)], found);
        }
    }

    [Fact]
    public async Task All_offsets_of_a_group_are_fetched_without_naming_topics()
    {
        await _d.Commit([("t", 2, 9), ("t", 0, 7), ("u", 0, 1)]);
        OffsetFetchResponse old = _d.Groups.FetchOffsets(new OffsetFetchRequest { GroupId = "g", Topics = null }, Context(7));
        Assert.Equal(["t", "u"], old.Topics.Select(t => t.Name));
        Assert.Equal([0, 2], old.Topics[0].Partitions.Select(p => p.PartitionIndex));
        OffsetFetchResponse batched = _d.Groups.FetchOffsets(
            new OffsetFetchRequest
            {
                Groups =
                [
                    new OffsetFetchRequest.OffsetFetchRequestGroup { GroupId = "g", Topics = null },
                    new OffsetFetchRequest.OffsetFetchRequestGroup { GroupId = "ghost", Topics = null },
                ],
            },
            Context(10));
        Assert.Equal(_d.Store.Topics["t"].Id, batched.Groups[0].Topics[0].TopicId);
        Assert.Equal(5, batched.Groups[0].Topics[0].Partitions[0].CommittedLeaderEpoch);
        Assert.Empty(batched.Groups[1].Topics);
        Assert.Equal(ErrorCode.None, batched.Groups[1].ErrorCode);
    }

    [Fact]
    public async Task A_topic_id_that_is_not_known_fails_its_partitions_only()
    {
        Assert.Equal([ErrorCode.UnknownTopicId, ErrorCode.None], await _d.Commit([("gone", 0, 1), ("t", 0, 2)], version: 10));
        OffsetFetchResponse response = _d.Groups.FetchOffsets(
            new OffsetFetchRequest
            {
                Groups =
                [
                    new OffsetFetchRequest.OffsetFetchRequestGroup
                    {
                        GroupId = "g",
                        Topics = [new OffsetFetchRequest.OffsetFetchRequestTopics { TopicId = Guid.NewGuid(), PartitionIndexes = [0] }],
                    },
                ],
            },
            Context(10));
        Assert.Equal(ErrorCode.UnknownTopicId, response.Groups[0].Topics[0].Partitions[0].ErrorCode);
    }

    [Fact]
    public async Task Partitions_that_do_not_exist_and_long_notes_fail_one_by_one()
    {
        ErrorCode[] errors = await _d.Commit([("t", 0, 1), ("t", 3, 1), ("t", -1, 1), ("ghost", 0, 1)]);
        Assert.Equal([ErrorCode.None, ErrorCode.UnknownTopicOrPartition, ErrorCode.UnknownTopicOrPartition, ErrorCode.UnknownTopicOrPartition], errors);
        Assert.Equal([ErrorCode.None], await _d.Commit([("t", 0, 1)], metadata: new string('x', 4_096)));
        Assert.Equal([ErrorCode.OffsetMetadataTooLarge], await _d.Commit([("t", 0, 1)], metadata: new string('x', 4_097)));
    }

    [Fact]
    public async Task Commits_obey_the_group()
    {
        JoinGroupResponse member = await _d.StableAsync();
        Assert.Equal([ErrorCode.None], await _d.Commit([("t", 0, 1)], member: member));
        Assert.Equal([ErrorCode.UnknownMemberId], await _d.Commit([("t", 0, 2)]));
        member.GenerationId = 0;
        Assert.Equal([ErrorCode.IllegalGeneration, ErrorCode.UnknownTopicOrPartition], await _d.Commit([("t", 0, 3), ("x", 0, 3)], member: member));
        Assert.Equal(1, Fetch(7, "g", 0)[0].Offset);
    }

    [Theory]
    [InlineData(8, ErrorCode.IllegalGeneration)]
    [InlineData(9, ErrorCode.GroupIdNotFound)]
    public async Task A_member_of_a_group_that_is_gone(short version, ErrorCode expected)
    {
        var member = new JoinGroupResponse { MemberId = "m", GenerationId = 1 };
        Assert.Equal([expected], await _d.Commit([("t", 0, 1)], member: member, version: version));
    }

    [Fact]
    public async Task A_commit_that_cannot_be_stored_is_to_be_tried_again()
    {
        _d.Store.Failure = new IOException("no space");
        Assert.Equal([ErrorCode.CoordinatorNotAvailable], await _d.Commit([("t", 0, 1)]));
    }

    [Fact]
    public async Task Offsets_are_deleted_unless_their_topic_is_subscribed()
    {
        Assert.Equal(ErrorCode.GroupIdNotFound, (await DeleteOffsets(("t", 0))).ErrorCode);
        await _d.Commit([("t", 0, 1), ("u", 0, 1)]);
        await _d.StableAsync();
        OffsetDeleteResponse response = await DeleteOffsets(("t", 0), ("u", 0), ("ghost", 0));
        Assert.Equal(
            [ErrorCode.GroupSubscribedToTopic, ErrorCode.None, ErrorCode.UnknownTopicOrPartition],
            response.Topics.Select(t => t.Partitions[0].ErrorCode));
        Assert.Equal("t", Assert.Single(_d.Store.OffsetsOf("g")).Key.Topic);
    }

    [Fact]
    public async Task Where_subscriptions_cannot_be_read_every_topic_counts_as_subscribed()
    {
        await _d.Commit([("u", 0, 1)]);
        await _d.StableAsync(metadata: [1]);
        Assert.Equal(ErrorCode.GroupSubscribedToTopic, (await DeleteOffsets(("u", 0))).Topics[0].Partitions[0].ErrorCode);
    }

    private async Task<OffsetDeleteResponse> DeleteOffsets(params (string Topic, int Partition)[] partitions) =>
        await Soon(_d.Groups.DeleteOffsetsAsync(new OffsetDeleteRequest
        {
            GroupId = "g",
            Topics =
            [
                .. partitions.Select(p => new OffsetDeleteRequest.OffsetDeleteRequestTopic
                {
                    Name = p.Topic,
                    Partitions = [new OffsetDeleteRequest.OffsetDeleteRequestPartition { PartitionIndex = p.Partition }],
                }),
            ],
        }));

    private (int Partition, long Offset, string? Metadata, ErrorCode Error)[] Fetch(short version, string group, params int[] partitions)
    {
        var request = new OffsetFetchRequest();
        if (version < 8)
        {
            request.GroupId = group;
            request.Topics = [new OffsetFetchRequest.OffsetFetchRequestTopic { Name = "t", PartitionIndexes = partitions }];
        }
        else
        {
            var topic = new OffsetFetchRequest.OffsetFetchRequestTopics { PartitionIndexes = partitions };
            if (version < 10)
            {
                topic.Name = "t";
            }
            else
            {
                topic.TopicId = _d.Store.Topics["t"].Id;
            }

            request.Groups = [new OffsetFetchRequest.OffsetFetchRequestGroup { GroupId = group, Topics = [topic] }];
        }

        OffsetFetchResponse response = _d.Groups.FetchOffsets(request, Context(version));
        return version < 8
            ? [.. response.Topics[0].Partitions.Select(p => (p.PartitionIndex, p.CommittedOffset, p.Metadata, p.ErrorCode))]
            : [.. response.Groups[0].Topics[0].Partitions.Select(p => (p.PartitionIndex, p.CommittedOffset, p.Metadata, p.ErrorCode))];
    }
}
