using LogQueue.Engine.Topics;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.TestKit;

namespace LogQueue.Server.Tests.Server.Handlers;

/// <summary>CreateTopics, DeleteTopics, CreatePartitions and DeleteRecords.</summary>
public sealed class TopicAdminHandlersTests(BrokerFixture fixture) : IClassFixture<BrokerFixture>
{
    public static TheoryData<short> CreateVersions => WireCalls.Versions(2, 7);

    public static TheoryData<short> DeleteVersions => WireCalls.Versions(1, 6);

    public static TheoryData<short> PartitionsVersions => WireCalls.Versions(0, 3);

    public static TheoryData<short> RecordsVersions => WireCalls.Versions(0, 2);

    [Theory]
    [MemberData(nameof(CreateVersions))]
    public async Task Every_version_creates(short version)
    {
        string name = BrokerFixture.NewName();
        CreateTopicsRequest.CreatableTopic topic = New(name, 4, 1);
        topic.Configs = [new CreateTopicsRequest.CreatableTopicConfig { Name = "retention.ms", Value = "1000" }];

        CreateTopicsResponse.CreatableTopicResult result = Assert.Single((await CreateAsync(version, topic)).Topics);

        Assert.Equal((ErrorCode.None, name), (result.ErrorCode, result.Name));
        Assert.True(fixture.Broker.Engine.TryGetTopic(name, out Topic? created));
        Assert.Equal((4, 1000), (created.Partitions.Count, created.Config.RetentionMs));
        if (version >= 5)
        {
            Assert.Equal((4, 1), (result.NumPartitions, result.ReplicationFactor));
            CreateTopicsResponse.CreatableTopicConfigs config = Assert.Single(result.Configs!, static c => c.Name == "retention.ms");
            Assert.Equal(("1000", 1), (config.Value, config.ConfigSource));
        }

        Assert.Equal(version >= 7 ? created.Id : Guid.Empty, result.TopicId);
    }

    [Fact]
    public async Task What_is_wrong_is_told_in_the_order_of_the_request()
    {
        string taken = await fixture.NewTopicAsync();
        CreateTopicsRequest.CreatableTopic badConfig = New("bad-config", 1, 1);
        badConfig.Configs = [new CreateTopicsRequest.CreatableTopicConfig { Name = "retention.msec", Value = "1" }];
        CreateTopicsRequest.CreatableTopic badValue = New("bad-value", 1, 1);
        badValue.Configs = [new CreateTopicsRequest.CreatableTopicConfig { Name = "retention.ms", Value = "soon" }];
        CreateTopicsRequest.CreatableTopic badNode = New("bad-node", -1, -1);
        badNode.Assignments = [new CreateTopicsRequest.CreatableReplicaAssignment { PartitionIndex = 0, BrokerIds = [3] }];

        CreateTopicsResponse response = await CreateAsync(
            7, New(taken, 1, 1), New("no spaces", 1, 1), New("zero", 0, 1), New("many", 1, 3), New("none", 1, 0), badConfig, badValue, badNode,
            New("twice", 1, 1), New("twice", 1, 1), New("good", -1, -1));

        Assert.Equal(
            [
                ErrorCode.TopicAlreadyExists, ErrorCode.InvalidTopicException, ErrorCode.InvalidPartitions, ErrorCode.InvalidReplicationFactor,
                ErrorCode.InvalidReplicationFactor, ErrorCode.InvalidConfig, ErrorCode.InvalidConfig, ErrorCode.InvalidReplicaAssignment,
                ErrorCode.InvalidRequest, ErrorCode.InvalidRequest, ErrorCode.None,
            ],
            response.Topics.Select(static t => t.ErrorCode));
        Assert.Contains("retention.ms", response.Topics[5].ErrorMessage, StringComparison.Ordinal);
        Assert.All(response.Topics.Where(static t => t.ErrorCode != ErrorCode.None), static t => Assert.False(string.IsNullOrEmpty(t.ErrorMessage)));
    }

    [Fact]
    public async Task Validate_only_creates_nothing()
    {
        string name = BrokerFixture.NewName();
        await using WireConnection connection = await fixture.Broker.ConnectAsync();

        CreateTopicsResponse response = await connection.CallAsync<CreateTopicsRequest, CreateTopicsResponse>(
            new CreateTopicsRequest { Topics = [New(name, 2, 1)], ValidateOnly = true }, 7);

        Assert.Equal(ErrorCode.None, response.Topics[0].ErrorCode);
        Assert.Equal(2, response.Topics[0].NumPartitions);
        Assert.False(fixture.Broker.Engine.TryGetTopic(name, out _));
    }

    [Fact]
    public async Task A_replication_factor_is_clamped_when_that_is_set()
    {
        await using TestBroker broker = await TestBroker.StartAsync(static o => o with { ClampReplicationFactor = true });
        await using WireConnection connection = await broker.ConnectAsync();

        CreateTopicsResponse response = await connection.CallAsync<CreateTopicsRequest, CreateTopicsResponse>(
            new CreateTopicsRequest { Topics = [New("t", 1, 3)] }, 5);

        Assert.Equal((ErrorCode.None, 1), (response.Topics[0].ErrorCode, response.Topics[0].ReplicationFactor));
    }

    [Theory]
    [MemberData(nameof(DeleteVersions))]
    public async Task Every_version_deletes(short version)
    {
        string name = await fixture.NewTopicAsync();
        await using WireConnection connection = await fixture.Broker.ConnectAsync();
        DeleteTopicsRequest request = version >= 6
            ? new DeleteTopicsRequest { Topics = [new DeleteTopicsRequest.DeleteTopicState { Name = name }, new DeleteTopicsRequest.DeleteTopicState { Name = "none" }] }
            : new DeleteTopicsRequest { TopicNames = [name, "none"] };

        DeleteTopicsResponse response = await connection.CallAsync<DeleteTopicsRequest, DeleteTopicsResponse>(request, version);

        Assert.Equal([ErrorCode.None, ErrorCode.UnknownTopicOrPartition], response.Responses.Select(static r => r.ErrorCode));
        Assert.False(fixture.Broker.Engine.TryGetTopic(name, out _));
    }

    [Fact]
    public async Task Topics_are_deleted_by_id_and_come_back_with_another()
    {
        string name = await fixture.NewTopicAsync();
        Assert.True(fixture.Broker.Engine.TryGetTopic(name, out Topic? first));
        await using WireConnection connection = await fixture.Broker.ConnectAsync();
        DeleteTopicsRequest ById(Guid id) => new() { Topics = [new DeleteTopicsRequest.DeleteTopicState { Name = null, TopicId = id }] };

        DeleteTopicsResponse deleted = await connection.CallAsync<DeleteTopicsRequest, DeleteTopicsResponse>(ById(first.Id), 6);
        DeleteTopicsResponse again = await connection.CallAsync<DeleteTopicsRequest, DeleteTopicsResponse>(ById(first.Id), 6);
        Topic second = await fixture.Broker.Engine.CreateTopicAsync(name);

        Assert.Equal((ErrorCode.None, name), (deleted.Responses[0].ErrorCode, deleted.Responses[0].Name));
        Assert.Equal(ErrorCode.UnknownTopicId, again.Responses[0].ErrorCode);
        Assert.NotEqual(first.Id, second.Id);
    }

    [Theory]
    [MemberData(nameof(PartitionsVersions))]
    public async Task Every_version_adds_partitions(short version)
    {
        string name = await fixture.NewTopicAsync(2);
        await using WireConnection connection = await fixture.Broker.ConnectAsync();
        CreatePartitionsRequest.CreatePartitionsTopic Grow(string topic, int count) => new() { Name = topic, Count = count, Assignments = null };

        CreatePartitionsResponse wrong = await connection.CallAsync<CreatePartitionsRequest, CreatePartitionsResponse>(
            new CreatePartitionsRequest { Topics = [Grow(name, 2), Grow("none", 5)] }, version);
        CreatePartitionsResponse grown = await connection.CallAsync<CreatePartitionsRequest, CreatePartitionsResponse>(
            new CreatePartitionsRequest { Topics = [Grow(name, 5)] }, version);

        Assert.Equal([ErrorCode.InvalidPartitions, ErrorCode.UnknownTopicOrPartition], wrong.Results.Select(static r => r.ErrorCode));
        Assert.Equal(ErrorCode.None, grown.Results[0].ErrorCode);
        Assert.True(fixture.Broker.Engine.TryGetTopic(name, out Topic? topic));
        Assert.Equal(5, topic.Partitions.Count);
        Assert.Equal(0, (await connection.ProduceAsync(name, WireCalls.Batch(), partition: 4)).BaseOffset);
    }

    [Theory]
    [MemberData(nameof(RecordsVersions))]
    public async Task Every_version_deletes_records(short version)
    {
        string name = await fixture.NewTopicAsync();
        await using WireConnection connection = await fixture.Broker.ConnectAsync();
        await connection.ProduceAsync(name, WireCalls.Batch(5));
        await connection.ProduceAsync(name, WireCalls.Batch(5));
        async Task<(ErrorCode Code, long Low)> DeleteAsync(long offset)
        {
            DeleteRecordsResponse response = await connection.CallAsync<DeleteRecordsRequest, DeleteRecordsResponse>(
                new DeleteRecordsRequest
                {
                    Topics =
                    [
                        new DeleteRecordsRequest.DeleteRecordsTopic
                        {
                            Name = name,
                            Partitions = [new DeleteRecordsRequest.DeleteRecordsPartition { PartitionIndex = 0, Offset = offset }],
                        },
                    ],
                },
                version);
            return (response.Topics[0].Partitions[0].ErrorCode, response.Topics[0].Partitions[0].LowWatermark);
        }

        Assert.Equal((ErrorCode.None, 7), await DeleteAsync(7));
        Assert.Equal((ErrorCode.None, 7), await DeleteAsync(3));
        Assert.Equal((ErrorCode.OffsetOutOfRange, -1), await DeleteAsync(11));
        Assert.Equal(ErrorCode.OffsetOutOfRange, (await connection.FetchAsync(WireCalls.Fetch(name, 6))).ErrorCode);
        Assert.Equal(7, (await connection.FetchAsync(WireCalls.Fetch(name, 7))).LogStartOffset);
        Assert.Equal((ErrorCode.None, 10), await DeleteAsync(-1));
    }

    private static CreateTopicsRequest.CreatableTopic New(string name, int partitions, short replicas) =>
        new() { Name = name, NumPartitions = partitions, ReplicationFactor = replicas };

    private async Task<CreateTopicsResponse> CreateAsync(short version, params CreateTopicsRequest.CreatableTopic[] topics)
    {
        await using WireConnection connection = await fixture.Broker.ConnectAsync();
        return await connection.CallAsync<CreateTopicsRequest, CreateTopicsResponse>(new CreateTopicsRequest { Topics = topics }, version);
    }
}
