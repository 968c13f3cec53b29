using LogQueue.Client.Connections;

namespace LogQueue.Client.Tests.Client.Connections;

public sealed class BrokerAddressTests
{
    [Theory]
    [InlineData("localhost", "localhost:9092")]
    [InlineData("a:1, b:2 ,c", "a:1 b:2 c:9092")]
    [InlineData("[::1]:19092", "[::1]:19092")]
    [InlineData("[::1]", "[::1]:9092")]
    [InlineData("::1", "[::1]:9092")]
    public void Lists_are_read(string text, string expected) => Assert.Equal(expected, string.Join(' ', BrokerAddress.ParseList(text)));

    [Theory]
    [InlineData("")]
    [InlineData(" , ")]
    [InlineData("a:0")]
    [InlineData("a:65536")]
    [InlineData("a:b")]
    public void Nonsense_is_refused(string text) => Assert.Throws<ArgumentException>(() => BrokerAddress.ParseList(text));
}
