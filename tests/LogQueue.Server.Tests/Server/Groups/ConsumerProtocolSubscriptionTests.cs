using CsCheck;
using LogQueue.Server.Groups;

namespace LogQueue.Server.Tests.Server.Groups;

public sealed class ConsumerProtocolSubscriptionTests
{
    [Fact]
    public void Topics_are_read_and_what_follows_is_ignored()
    {
        Assert.True(ConsumerProtocolSubscription.TryReadTopics(GroupDriver.Subscription("a", "ü"), out IReadOnlyList<string>? topics));
        Assert.Equal(["a", "ü"], topics);
        Assert.True(ConsumerProtocolSubscription.TryReadTopics([.. GroupDriver.Subscription("a"), 1, 2, 3], out _));
    }

    [Theory]
    [InlineData("")]
    [InlineData("00")]
    [InlineData("FFFF00000000")]
    [InlineData("0000FFFFFFFF")]
    [InlineData("00007FFFFFFF0001")]
    [InlineData("0000000000010005AA")]
    [InlineData("000000000001FFFF")]
    [InlineData("0000000000010001FF")]
    [InlineData("00000000000200016100")]
    public void Other_bytes_are_no_subscription(string hex) =>
        Assert.False(ConsumerProtocolSubscription.TryReadTopics(Convert.FromHexString(hex), out _));

    [Fact]
    public void No_bytes_throw() =>
        Gen.Byte.Array[0, 64].Sample(static bytes => ConsumerProtocolSubscription.TryReadTopics(bytes, out _) | true);

    [Fact]
    public void Every_cut_of_a_subscription_that_loses_a_topic_is_refused()
    {
        byte[] whole = GroupDriver.Subscription("abc", "def");
        int topicsEnd = whole.Length - 4;
        for (int length = 0; length < topicsEnd; length++)
        {
            Assert.False(ConsumerProtocolSubscription.TryReadTopics(whole.AsSpan(0, length), out _));
        }
    }
}
