using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.TestKit;

namespace LogQueue.Server.Tests.Server.Handlers;

public sealed class ListOffsetsHandlerTests(BrokerFixture fixture) : IClassFixture<BrokerFixture>
{
    private const long T0 = 1_700_000_000_000;

    public static TheoryData<short> Versions => WireCalls.Versions(1, 11);

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Every_version_finds_the_ends_and_times(short version)
    {
        string topic = await fixture.NewTopicAsync();
        await using WireConnection connection = await fixture.Broker.ConnectAsync();
        await connection.ProduceAsync(topic, WireCalls.Batch(5, T0));
        await connection.ProduceAsync(topic, WireCalls.Batch(5, T0 + 100));

        Assert.Equal((10, -1), Place(await AskAsync(connection, topic, -1, version)));
        Assert.Equal((0, -1), Place(await AskAsync(connection, topic, -2, version)));
        Assert.Equal((0, T0), Place(await AskAsync(connection, topic, 0, version)));
        Assert.Equal((3, T0 + 3), Place(await AskAsync(connection, topic, T0 + 3, version)));
        Assert.Equal((5, T0 + 100), Place(await AskAsync(connection, topic, T0 + 5, version)));
        Assert.Equal((9, T0 + 104), Place(await AskAsync(connection, topic, T0 + 104, version)));
        Assert.Equal((-1, -1), Place(await AskAsync(connection, topic, T0 + 105, version)));
        Assert.Equal(version >= 4 ? 0 : -1, (await AskAsync(connection, topic, -1, version)).LeaderEpoch);
    }

    [Fact]
    public async Task The_newer_special_places_are_known()
    {
        string topic = await fixture.NewTopicAsync();
        await using WireConnection connection = await fixture.Broker.ConnectAsync();
        Assert.Equal((-1, -1), Place(await AskAsync(connection, topic, -3, 11)));
        await connection.ProduceAsync(topic, WireCalls.Batch(1, T0 + 50));
        await connection.ProduceAsync(topic, WireCalls.Batch(2, T0));

        Assert.Equal((0, T0 + 50), Place(await AskAsync(connection, topic, -3, 11)));
        Assert.Equal((0, -1), Place(await AskAsync(connection, topic, -4, 11)));
        Assert.Equal((-1, -1), Place(await AskAsync(connection, topic, -5, 11)));
        Assert.Equal((-1, -1), Place(await AskAsync(connection, topic, -6, 11)));
    }

    [Fact]
    public async Task What_was_acknowledged_with_acks_1_counts()
    {
        string topic = await fixture.NewTopicAsync();
        await using WireConnection connection = await fixture.Broker.ConnectAsync();

        for (int i = 1; i <= 20; i++)
        {
            await connection.ProduceAsync(topic, WireCalls.Batch(1), acks: 1);
            Assert.Equal(i, (await AskAsync(connection, topic, -1, 7)).Offset);
        }
    }

    [Fact]
    public async Task Errors_are_told_per_partition()
    {
        string topic = await fixture.NewTopicAsync();
        await using WireConnection connection = await fixture.Broker.ConnectAsync();
        ListOffsetsRequest twice = Request(topic, -1);
        twice.Topics[0].Partitions = [.. twice.Topics[0].Partitions, .. twice.Topics[0].Partitions];
        ListOffsetsRequest epoch = Request(topic, -1);
        epoch.Topics[0].Partitions[0].CurrentLeaderEpoch = 9;

        ListOffsetsResponse repeated = await connection.CallAsync<ListOffsetsRequest, ListOffsetsResponse>(twice, 7);
        ListOffsetsResponse ahead = await connection.CallAsync<ListOffsetsRequest, ListOffsetsResponse>(epoch, 7);

        Assert.All(repeated.Topics[0].Partitions, static p => Assert.Equal(ErrorCode.InvalidRequest, p.ErrorCode));
        Assert.Equal(ErrorCode.UnknownLeaderEpoch, ahead.Topics[0].Partitions[0].ErrorCode);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await AskAsync(connection, "none", -1, 7)).ErrorCode);
    }

    private static (long Offset, long Timestamp) Place(ListOffsetsResponse.ListOffsetsPartitionResponse response)
    {
        Assert.Equal(ErrorCode.None, response.ErrorCode);
        return (response.Offset, response.Timestamp);
    }

    private static ListOffsetsRequest Request(string topic, long timestamp) => new()
    {
        ReplicaId = -1,
        Topics =
        [
            new ListOffsetsRequest.ListOffsetsTopic
            {
                Name = topic,
                Partitions = [new ListOffsetsRequest.ListOffsetsPartition { PartitionIndex = 0, Timestamp = timestamp }],
            },
        ],
    };

    private static async Task<ListOffsetsResponse.ListOffsetsPartitionResponse> AskAsync(
        WireConnection connection, string topic, long timestamp, short version)
    {
        ListOffsetsResponse response = await connection.CallAsync<ListOffsetsRequest, ListOffsetsResponse>(Request(topic, timestamp), version);
        return Assert.Single(Assert.Single(response.Topics).Partitions);
    }
}
