using LogQueue.Engine.Topics;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.TestKit;

namespace LogQueue.Server.Tests.Server.Handlers;

public sealed class MetadataHandlerTests(BrokerFixture fixture) : IClassFixture<BrokerFixture>
{
    public static TheoryData<short> Versions => WireCalls.Versions(0, 13);

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Every_version_describes_topics_and_the_broker(short version)
    {
        string topic = await fixture.NewTopicAsync(3);

        MetadataResponse response = await CallAsync(Named(topic), version);

        MetadataResponse.MetadataResponseBroker broker = Assert.Single(response.Brokers);
        Assert.Equal(("127.0.0.1", fixture.Broker.Server.Port, 1), (broker.Host, broker.Port, broker.NodeId));
        MetadataResponse.MetadataResponseTopic described = Assert.Single(response.Topics);
        Assert.Equal((ErrorCode.None, topic), (described.ErrorCode, described.Name));
        Assert.Equal([0, 1, 2], described.Partitions.Select(static p => p.PartitionIndex));
        Assert.All(described.Partitions, static p => Assert.Equal((1, 1), (p.LeaderId, Assert.Single(p.IsrNodes))));
        Assert.Equal(version >= 2 ? fixture.Broker.Engine.ClusterId : null, response.ClusterId);
        Assert.Equal(version >= 10, described.TopicId != Guid.Empty);
    }

    [Fact]
    public async Task Null_means_all_topics_and_so_does_empty_in_version_0()
    {
        string topic = await fixture.NewTopicAsync();

        MetadataResponse all = await CallAsync(new MetadataRequest { Topics = null }, 9);
        MetadataResponse oldAll = await CallAsync(new MetadataRequest { Topics = [] }, 0);
        MetadataResponse none = await CallAsync(new MetadataRequest { Topics = [] }, 1);

        Assert.Contains(all.Topics, t => t.Name == topic);
        Assert.Contains(oldAll.Topics, t => t.Name == topic);
        Assert.DoesNotContain(all.Topics, static t => t.Name == TopicName.ClusterMetadata);
        Assert.Empty(none.Topics);
        Assert.NotEmpty(none.Brokers);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(13)]
    public async Task A_missing_topic_is_created_when_that_is_asked_for(short version)
    {
        string topic = BrokerFixture.NewName();

        MetadataResponse response = await CallAsync(Named(topic), version);

        Assert.Equal(ErrorCode.None, Assert.Single(response.Topics).ErrorCode);
        Assert.True(fixture.Broker.Engine.TryGetTopic(topic, out _));
    }

    [Fact]
    public async Task A_missing_topic_is_not_created_when_that_is_not_asked_for()
    {
        string topic = BrokerFixture.NewName();
        MetadataRequest request = Named(topic);
        request.AllowAutoTopicCreation = false;

        Assert.Equal(ErrorCode.UnknownTopicOrPartition, Assert.Single((await CallAsync(request, 8)).Topics).ErrorCode);
        Assert.False(fixture.Broker.Engine.TryGetTopic(topic, out _));
    }

    [Fact]
    public async Task A_missing_topic_is_not_created_when_the_server_forbids_it()
    {
        await using TestBroker broker = await TestBroker.StartAsync(static o => o with { AutoCreateTopics = false });
        await using WireConnection connection = await broker.ConnectAsync();

        MetadataResponse response = await connection.CallAsync<MetadataRequest, MetadataResponse>(Named("t"), 8);

        Assert.Equal(ErrorCode.UnknownTopicOrPartition, Assert.Single(response.Topics).ErrorCode);
    }

    [Theory]
    [InlineData("a/b")]
    [InlineData("..")]
    [InlineData("")]
    public async Task Bad_names_are_refused(string name)
    {
        Assert.Equal(ErrorCode.InvalidTopicException, Assert.Single((await CallAsync(Named(name), 8)).Topics).ErrorCode);
    }

    [Fact]
    public async Task Topics_are_found_by_id()
    {
        string topic = await fixture.NewTopicAsync();
        Assert.True(fixture.Broker.Engine.TryGetTopic(topic, out Topic? created));
        MetadataRequest ById(Guid id) => new() { Topics = [new MetadataRequest.MetadataRequestTopic { Name = null, TopicId = id }] };

        Assert.Equal(topic, Assert.Single((await CallAsync(ById(created.Id), 12)).Topics).Name);
        Assert.Equal(ErrorCode.UnknownTopicId, Assert.Single((await CallAsync(ById(Guid.NewGuid()), 12)).Topics).ErrorCode);
    }

    [Fact]
    public async Task Authorized_operations_are_told_when_asked_for()
    {
        string topic = await fixture.NewTopicAsync();
        MetadataRequest request = Named(topic);
        request.IncludeTopicAuthorizedOperations = true;
        request.IncludeClusterAuthorizedOperations = true;

        MetadataResponse asked = await CallAsync(request, 8);
        MetadataResponse notAsked = await CallAsync(Named(topic), 8);

        Assert.Equal(0b1101_1111_1000, asked.Topics[0].TopicAuthorizedOperations);
        Assert.Equal(0b1_1111_1010_0000, asked.ClusterAuthorizedOperations);
        Assert.Equal(int.MinValue, notAsked.Topics[0].TopicAuthorizedOperations);
    }

    [Fact]
    public async Task The_advertised_address_is_told()
    {
        await using TestBroker broker = await TestBroker.StartAsync(static o => o with { AdvertisedHost = "queue.example", AdvertisedPort = 1234, Rack = "r1" });
        await using WireConnection connection = await broker.ConnectAsync();

        MetadataResponse response = await connection.CallAsync<MetadataRequest, MetadataResponse>(new MetadataRequest { Topics = [] }, 8);

        MetadataResponse.MetadataResponseBroker told = Assert.Single(response.Brokers);
        Assert.Equal(("queue.example", 1234, "r1"), (told.Host, told.Port, told.Rack));
        Assert.Equal("queue.example:1234", broker.Server.AdvertisedAddress);
    }

    private static MetadataRequest Named(string topic) => new() { Topics = [new MetadataRequest.MetadataRequestTopic { Name = topic }] };

    private async Task<MetadataResponse> CallAsync(MetadataRequest request, short version)
    {
        if (version < 4)
        {
            request.AllowAutoTopicCreation = true;
        }

        await using WireConnection connection = await fixture.Broker.ConnectAsync();
        return await connection.CallAsync<MetadataRequest, MetadataResponse>(request, version);
    }
}
