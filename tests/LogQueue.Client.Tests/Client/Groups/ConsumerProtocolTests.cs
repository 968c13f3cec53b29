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
        Assert.Equal(["a", "b"], ConsumerProtocol.ReadSubscription(bytes).Topics);
    }

    [Fact]
    public void A_subscription_with_partitions_has_kafkas_bytes()
    {
        byte[] bytes = ConsumerProtocol.WriteSubscription(new MemberSubscription(["a"], [new("a", 2), new("a", 0)], 5));
        Assert.Equal("0002" + "00000001" + "000161" + "0000000400000005" + "00000001" + "000161" + "000000020000000000000002" + "00000005", Convert.ToHexString(bytes));
        MemberSubscription back = ConsumerProtocol.ReadSubscription(bytes);
        Assert.Equal((new("a", 0), new("a", 2), 5), (back.Owned[0], back.Owned[1], back.GenerationId));
    }

    [Theory]
    [InlineData("0003000000010001" + "61" + "FFFFFFFF" + "00000000" + "00000005" + "FFFF", 0, 5)]
    [InlineData("0001000000010001" + "61" + "0000000400000007" + "00000001" + "000161" + "0000000100000003", 1, 7)]
    [InlineData("0001000000010001" + "61" + "FFFFFFFF" + "00000001" + "000161" + "0000000100000003", 1, -1)]
    [InlineData("0000000000010001" + "61" + "0000000400000007", 0, -1)]
    public void Subscriptions_of_all_versions_are_read(string hex, int owned, int generation)
    {
        MemberSubscription read = ConsumerProtocol.ReadSubscription(Convert.FromHexString(hex));
        Assert.Equal(["a"], read.Topics);
        Assert.Equal((owned, generation), (read.Owned.Count, read.GenerationId));
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

    [Theory]
    [InlineData("00017FFFFFFF")]
    [InlineData("00020000000100016100000004000000")]
    [InlineData("00020000000100016100000004000000057FFFFFFF")]
    public void Garbage_is_no_subscription(string hex) => Assert.Throws<WireFormatException>(() => ConsumerProtocol.ReadSubscription(Convert.FromHexString(hex)));
}
