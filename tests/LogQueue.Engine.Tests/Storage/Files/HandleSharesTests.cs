using LogQueue.Storage.Files;

namespace LogQueue.Engine.Tests.Storage.Files;

public sealed class HandleSharesTests
{
    [Theory]
    [InlineData(512, 10_000, 256, 85, 171)]
    [InlineData(1024, 10_000, 512, 170, 342)]
    [InlineData(4096, 10_000, 512, 1194, 2390)]
    [InlineData(20_000, 0, 512, 0, 19_488)]
    [InlineData(1 << 20, 10_000, 512, 10_000, (1 << 20) - 10_512)]
    [InlineData(2, 10, 1, 0, 1)]
    public void The_limit_is_shared_out_and_the_reserve_is_never_given_away(int limit, int wanted, int reserve, int sockets, int files)
    {
        var shares = HandleShares.Of(limit, 65_530, wanted);
        Assert.Equal((limit, reserve, sockets, files), (shares.Limit, shares.Reserve, shares.Sockets, shares.Files));
        Assert.True(shares.Reserve + shares.Sockets + shares.Files <= limit);
    }

    [Theory]
    [InlineData(65_530, 4096)]
    [InlineData(1_000_000, 4096)]
    [InlineData(4096, 1024)]
    [InlineData(0, 1)]
    public void Maps_are_a_quarter_of_what_the_kernel_allows_and_at_most_4096(int allowed, int maps) =>
        Assert.Equal(maps, HandleShares.Of(20_000, allowed, 0).Maps);

    [Fact]
    public void A_small_limit_is_said_with_what_to_do()
    {
        Assert.Null(HandleShares.Of(4096, 65_530, 0).Warning);
        string warning = HandleShares.Of(1024, 65_530, 100).Warning!;
        Assert.Contains("only 1024 files open", warning, StringComparison.Ordinal);
        Assert.Contains("100 for connections", warning, StringComparison.Ordinal);
        Assert.Contains("ulimit -n 65536", warning, StringComparison.Ordinal);
        Assert.DoesNotContain("connections", HandleShares.Of(1024, 65_530, 0).Warning, StringComparison.Ordinal);
    }
}
