using System.Buffers.Binary;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.TestKit;

namespace LogQueue.Server.Tests.Server.Handlers;

public sealed class ApiVersionsHandlerTests(BrokerFixture fixture) : IClassFixture<BrokerFixture>
{
    public static TheoryData<short> Versions => WireCalls.Versions(0, 5);

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Every_version_lists_what_is_served(short version)
    {
        await using WireConnection connection = await fixture.Broker.ConnectAsync();

        ApiVersionsResponse response = await CallAsync(connection, version, "test-client", "1.0");

        Assert.Equal(ErrorCode.None, response.ErrorCode);
        Dictionary<ApiKey, (short Min, short Max)> ranges = response.ApiKeys.ToDictionary(static k => (ApiKey)k.ApiKey, static k => (k.MinVersion, k.MaxVersion));
        Assert.Equal((0, 13), ranges[ApiKey.Produce]);
        Assert.Equal((4, 18), ranges[ApiKey.Fetch]);
        Assert.Equal((1, 11), ranges[ApiKey.ListOffsets]);
        Assert.Equal((0, 13), ranges[ApiKey.Metadata]);
        Assert.Equal((0, 6), ranges[ApiKey.FindCoordinator]);
        Assert.Equal((0, 9), ranges[ApiKey.JoinGroup]);
        Assert.Equal((0, 5), ranges[ApiKey.InitProducerId]);
        Assert.Equal((2, 7), ranges[ApiKey.CreateTopics]);
        Assert.DoesNotContain(ApiKey.EndTxn, ranges.Keys);
        Assert.Empty(response.SupportedFeatures);
    }

    [Fact]
    public async Task An_unknown_version_is_answered_in_the_oldest_form()
    {
        await using WireConnection connection = await fixture.Broker.ConnectAsync();
        byte[] request = WireConnection.Encode(new ApiVersionsRequest { ClientSoftwareName = "a", ClientSoftwareVersion = "1" }, 3, 77, "c");
        BinaryPrimitives.WriteInt16BigEndian(request.AsSpan(6), 99);

        await connection.SendBytesAsync(request);
        ApiVersionsResponse response = await connection.ReceiveAsync<ApiVersionsResponse>(0, 77);

        Assert.Equal(ErrorCode.UnsupportedVersion, response.ErrorCode);
        ApiVersionsResponse.ApiVersion own = Assert.Single(response.ApiKeys);
        Assert.Equal((18, 0, 5), (own.ApiKey, own.MinVersion, own.MaxVersion));
        Assert.Equal(ErrorCode.None, (await CallAsync(connection, 3, "again", "1")).ErrorCode);
    }

    [Theory]
    [InlineData("", "1.0")]
    [InlineData("-librdkafka", "1.0")]
    [InlineData("name", "1 0")]
    public async Task Names_that_are_no_words_are_refused(string name, string softwareVersion)
    {
        await using WireConnection connection = await fixture.Broker.ConnectAsync();

        Assert.Equal(ErrorCode.InvalidRequest, (await CallAsync(connection, 3, name, softwareVersion)).ErrorCode);
    }

    [Fact]
    public async Task Every_served_version_of_every_api_has_its_own_messages()
    {
        await using WireConnection connection = await fixture.Broker.ConnectAsync();
        ApiVersionsResponse response = await CallAsync(connection, 4, "test", "1");

        Assert.All(response.ApiKeys, static range => Assert.True(range.MinVersion <= range.MaxVersion));
        Assert.Equal(response.ApiKeys.Length, response.ApiKeys.Select(static k => k.ApiKey).Distinct().Count());
    }

    private static Task<ApiVersionsResponse> CallAsync(WireConnection connection, short version, string name, string softwareVersion) =>
        connection.CallAsync<ApiVersionsRequest, ApiVersionsResponse>(
            new ApiVersionsRequest { ClientSoftwareName = name, ClientSoftwareVersion = softwareVersion }, version);
}
