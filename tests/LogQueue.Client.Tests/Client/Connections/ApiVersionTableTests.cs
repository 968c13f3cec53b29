using LogQueue.Client.Connections;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;

namespace LogQueue.Client.Tests.Client.Connections;

public sealed class ApiVersionTableTests
{
    [Theory]
    [InlineData(0, 99, 13, 13)]
    [InlineData(0, 99, 12, 12)]
    [InlineData(0, 7, 13, 7)]
    [InlineData(3, 3, 13, 3)]
    public void The_highest_common_version_wins(short lowest, short highest, short cap, short expected) =>
        Assert.Equal(expected, Table(new ApiVersionRange(lowest, highest)).Pick<ProduceRequest>(cap));

    [Theory]
    [InlineData(0, 2)]
    [InlineData(50, 60)]
    public void No_common_version_is_an_error_with_both_ranges(short lowest, short highest)
    {
        KafkaException error = Assert.Throws<KafkaException>(() => Table(new ApiVersionRange(lowest, highest)).Pick<ProduceRequest>());
        Assert.Equal(ErrorCode.UnsupportedVersion, error.ErrorCode);
        Assert.Contains($"{lowest}-{highest}", error.Message, StringComparison.Ordinal);
        Assert.Equal("b:1", error.Broker);
    }

    [Fact]
    public void What_is_not_offered_is_an_error() =>
        Assert.Contains("does not offer Fetch", Assert.Throws<KafkaException>(() => Table(new ApiVersionRange(0, 9)).Pick<FetchRequest>()).Message, StringComparison.Ordinal);

    private static ApiVersionTable Table(ApiVersionRange produce) => new(new Dictionary<ApiKey, ApiVersionRange> { [ApiKey.Produce] = produce }, "b:1");
}
