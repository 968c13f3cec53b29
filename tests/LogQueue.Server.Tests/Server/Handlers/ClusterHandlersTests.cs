using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.TestKit;

namespace LogQueue.Server.Tests.Server.Handlers;

/// <summary>The small ones: FindCoordinator, DescribeCluster, InitProducerId, OffsetForLeaderEpoch, DescribeTopicPartitions, DescribeLogDirs.</summary>
public sealed class ClusterHandlersTests(BrokerFixture fixture) : IClassFixture<BrokerFixture>
{
    public static TheoryData<short> CoordinatorVersions => WireCalls.Versions(0, 6);

    public static TheoryData<short> ProducerIdVersions => WireCalls.Versions(0, 5);

    public static TheoryData<short> EpochVersions => WireCalls.Versions(2, 4);

    public static TheoryData<short> ClusterVersions => WireCalls.Versions(0, 2);

    public static TheoryData<short> LogDirsVersions => WireCalls.Versions(1, 5);

    [Theory]
    [MemberData(nameof(CoordinatorVersions))]
    public async Task This_node_coordinates_every_group(short version)
    {
        await using WireConnection connection = await fixture.Broker.ConnectAsync();
        FindCoordinatorRequest request = version < 4 ? new() { Key = "g" } : new() { CoordinatorKeys = ["g", "h"] };

        FindCoordinatorResponse response = await connection.CallAsync<FindCoordinatorRequest, FindCoordinatorResponse>(request, version);

        if (version < 4)
        {
            Assert.Equal((ErrorCode.None, 1, fixture.Broker.Server.Port), (response.ErrorCode, response.NodeId, response.Port));
        }
        else
        {
            Assert.Equal(["g", "h"], response.Coordinators.Select(static c => c.Key));
            Assert.All(response.Coordinators, c => Assert.Equal((ErrorCode.None, 1, fixture.Broker.Server.Port), (c.ErrorCode, c.NodeId, c.Port)));
        }
    }

    [Fact]
    public async Task Transactions_are_refused_in_words()
    {
        await using WireConnection connection = await fixture.Broker.ConnectAsync();

        FindCoordinatorResponse coordinator = await connection.CallAsync<FindCoordinatorRequest, FindCoordinatorResponse>(
            new FindCoordinatorRequest { KeyType = 1, CoordinatorKeys = ["tx"] }, 4);
        InitProducerIdResponse producer = await connection.CallAsync<InitProducerIdRequest, InitProducerIdResponse>(
            new InitProducerIdRequest { TransactionalId = "tx", TransactionTimeoutMs = 1000 }, 4);

        Assert.Equal(ErrorCode.InvalidRequest, coordinator.Coordinators[0].ErrorCode);
        Assert.Contains("transactions", coordinator.Coordinators[0].ErrorMessage, StringComparison.Ordinal);
        Assert.Equal((ErrorCode.InvalidRequest, -1L), (producer.ErrorCode, producer.ProducerId));
    }

    [Theory]
    [MemberData(nameof(ProducerIdVersions))]
    public async Task Every_version_gives_a_new_producer_id(short version)
    {
        await using WireConnection connection = await fixture.Broker.ConnectAsync();
        var request = new InitProducerIdRequest { TransactionalId = null, TransactionTimeoutMs = 60_000 };

        InitProducerIdResponse first = await connection.CallAsync<InitProducerIdRequest, InitProducerIdResponse>(request, version);
        InitProducerIdResponse second = await connection.CallAsync<InitProducerIdRequest, InitProducerIdResponse>(request, version);

        Assert.Equal((ErrorCode.None, (short)0), (first.ErrorCode, first.ProducerEpoch));
        Assert.True(first.ProducerId >= 0);
        Assert.NotEqual(first.ProducerId, second.ProducerId);
    }

    [Theory]
    [MemberData(nameof(EpochVersions))]
    public async Task Every_version_tells_where_an_epoch_ends(short version)
    {
        string topic = await fixture.NewTopicAsync();
        await using WireConnection connection = await fixture.Broker.ConnectAsync();
        await connection.ProduceAsync(topic, WireCalls.Batch(4));
        OffsetForLeaderEpochRequest Ask(string name, int epoch, int current = -1) => new()
        {
            ReplicaId = -1,
            Topics =
            [
                new OffsetForLeaderEpochRequest.OffsetForLeaderTopic
                {
                    Topic = name,
                    Partitions =
                    [
                        new OffsetForLeaderEpochRequest.OffsetForLeaderPartition { Partition = 0, LeaderEpoch = epoch, CurrentLeaderEpoch = current },
                    ],
                },
            ],
        };
        async Task<OffsetForLeaderEpochResponse.EpochEndOffset> CallAsync(OffsetForLeaderEpochRequest request) => Assert.Single(Assert.Single(
            (await connection.CallAsync<OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse>(request, version)).Topics).Partitions);

        OffsetForLeaderEpochResponse.EpochEndOffset end = await CallAsync(Ask(topic, 0));
        Assert.Equal((ErrorCode.None, 0, 4L), (end.ErrorCode, end.LeaderEpoch, end.EndOffset));
        Assert.Equal(ErrorCode.UnknownLeaderEpoch, (await CallAsync(Ask(topic, 0, current: 3))).ErrorCode);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await CallAsync(Ask("none", 0))).ErrorCode);
    }

    [Theory]
    [MemberData(nameof(ClusterVersions))]
    public async Task Every_version_describes_the_cluster(short version)
    {
        await using WireConnection connection = await fixture.Broker.ConnectAsync();

        DescribeClusterResponse response = await connection.CallAsync<DescribeClusterRequest, DescribeClusterResponse>(
            new DescribeClusterRequest { IncludeClusterAuthorizedOperations = true }, version);

        Assert.Equal((ErrorCode.None, fixture.Broker.Engine.ClusterId, 1), (response.ErrorCode, response.ClusterId, response.ControllerId));
        Assert.Equal(fixture.Broker.Server.Port, Assert.Single(response.Brokers).Port);
        Assert.Equal(0b1_1111_1010_0000, response.ClusterAuthorizedOperations);
    }

    [Fact]
    public async Task Topics_are_described_page_by_page()
    {
        string first = await fixture.NewTopicAsync(3);
        string second = await fixture.NewTopicAsync(3);
        await using WireConnection connection = await fixture.Broker.ConnectAsync();
        var request = new DescribeTopicPartitionsRequest
        {
            Topics = [.. new[] { second, first, "none" }.Select(static name => new DescribeTopicPartitionsRequest.TopicRequest { Name = name })],
            ResponsePartitionLimit = 2,
        };
        var seen = new List<(string?, int)>();
        int pages = 0;
        do
        {
            DescribeTopicPartitionsResponse page = await connection.CallAsync<DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse>(request, 0);
            seen.AddRange(page.Topics.SelectMany(static t => t.Partitions.Select(p => (t.Name, p.PartitionIndex))));
            request.Cursor = page.NextCursor is { } next
                ? new DescribeTopicPartitionsRequest.CursorValue { TopicName = next.TopicName, PartitionIndex = next.PartitionIndex }
                : null;
            pages++;
        }
        while (request.Cursor is not null && pages < 10);

        string[] names = [.. new[] { first, second }.Order(StringComparer.Ordinal)];
        Assert.Equal(names.SelectMany(static name => Enumerable.Range(0, 3).Select(i => ((string?)name, i))), seen);
    }

    [Theory]
    [MemberData(nameof(LogDirsVersions))]
    public async Task Every_version_tells_the_space_that_is_used(short version)
    {
        string topic = await fixture.NewTopicAsync();
        await using WireConnection connection = await fixture.Broker.ConnectAsync();
        await connection.ProduceAsync(topic, WireCalls.Batch(valueBytes: 1000));

        DescribeLogDirsResponse response = await connection.CallAsync<DescribeLogDirsRequest, DescribeLogDirsResponse>(
            new DescribeLogDirsRequest { Topics = [new DescribeLogDirsRequest.DescribableLogDirTopic { Topic = topic, Partitions = [0] }] }, version);

        DescribeLogDirsResponse.DescribeLogDirsResult directory = Assert.Single(response.Results);
        Assert.Equal(fixture.Broker.DataDirectory, directory.LogDir);
        Assert.True(Assert.Single(Assert.Single(directory.Topics).Partitions).PartitionSize >= 1000);
        Assert.Equal(version >= 4, directory.TotalBytes > 0);
    }
}
