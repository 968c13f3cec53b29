using LogQueue.Client.Groups;
using LogQueue.Records;
using LogQueue.Wire;

namespace LogQueue.Client.Tests.Client.Groups;

public sealed class ConsumerProtocolTests
{
    [Fact]
    public void A_subscription_has_kafkas_bytes()
    {
        byte[] bytes = ConsumerProtocol.WriteSubscription(["b", "a"]);
        Assert.Equal("00000000000200016100" + "0162" + "FFFFFFFF", Convert.ToHexString(bytes));
        Assert.Equal(["a", "b"], ConsumerProtocol.ReadTopics(bytes));
    }

    [Fact]
    public void Newer_subscriptions_are_read_as_far_as_needed()
    {
        byte[] withOwned = [.. Convert.FromHexString("0003000000010001" + "61" + "FFFFFFFF" + "00000000" + "00000005" + "FFFF")];
        Assert.Equal(["a"], ConsumerProtocol.ReadTopics(withOwned));
    }

    [Fact]
    public void An_assignment_comes_back_sorted()
    {
        TopicPartition[] partitions = [new("b", 1), new("a", 2), new("a", 0)];
        byte[] bytes = ConsumerProtocol.WriteAssignment(partitions);
        Assert.Equal("000000000002" + "000161" + "00000002" + "00000000" + "00000002" + "000162" + "00000001" + "00000001" + "FFFFFFFF", Convert.ToHexString(bytes));
        Assert.Equal([new("a", 0), new("a", 2), new("b", 1)], ConsumerProtocol.ReadAssignment(bytes));
        Assert.Empty(ConsumerProtocol.ReadAssignment(default));
    }

    [Theory]
    [InlineData("0000")]
    [InlineData("00007FFFFFFF")]
    [InlineData("000000000001000561")]
    public void Garbage_is_refused(string hex) => Assert.Throws<WireFormatException>(() => ConsumerProtocol.ReadAssignment(Convert.FromHexString(hex)));
}
