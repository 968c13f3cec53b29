using LogQueue.Protocol;
using LogQueue.Protocol.Messages;

namespace LogQueue.Server.Tests.Protocol;

public sealed class HeaderVersionsTests
{
    [Fact]
    public void Flexible_versions_have_the_header_with_tags()
    {
        Assert.Equal(1, HeaderVersions.Request<ProduceRequest>(8));
        Assert.Equal(2, HeaderVersions.Request<ProduceRequest>(9));
        Assert.Equal(0, HeaderVersions.Response<ProduceResponse>(8));
        Assert.Equal(1, HeaderVersions.Response<ProduceResponse>(9));
        Assert.Equal(1, HeaderVersions.Request<SaslHandshakeRequest>(1));
        Assert.Equal(0, HeaderVersions.Response<SaslHandshakeResponse>(1));
    }

    [Fact]
    public void ApiVersions_answers_with_the_oldest_header()
    {
        Assert.Equal(2, HeaderVersions.Request<ApiVersionsRequest>(4));
        Assert.Equal(0, HeaderVersions.Response<ApiVersionsResponse>(4));
    }
}
