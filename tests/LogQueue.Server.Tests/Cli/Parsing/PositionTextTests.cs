using LogQueue.Cli;
using LogQueue.Cli.Parsing;
using LogQueue.Client;

namespace LogQueue.Server.Tests.Cli.Parsing;

public sealed class PositionTextTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    public static TheoryData<string, StartPosition> Positions => new()
    {
        { "beginning", StartPosition.Beginning },
        { "earliest", StartPosition.Beginning },
        { "end", StartPosition.End },
        { "latest", StartPosition.End },
        { "0", StartPosition.Offset(0) },
        { "42", StartPosition.Offset(42) },
        { "-5", StartPosition.FromEnd(5) },
        { "@-15m", StartPosition.Timestamp(Now.AddMinutes(-15)) },
        { "@2026-01-31T10:00Z", StartPosition.Timestamp(Now.AddHours(-2)) },
    };

    [Theory]
    [MemberData(nameof(Positions), DisableDiscoveryEnumeration = true)]
    public void Places(string text, StartPosition expected) => Assert.Equal(expected, PositionText.Parse(text, Now));

    [Theory]
    [InlineData("")]
    [InlineData("@")]
    [InlineData("@soon")]
    [InlineData("start")]
    [InlineData("1.5")]
    [InlineData("-9223372036854775808")]
    public void No_places(string text)
    {
        CliException e = Assert.Throws<CliException>(() => PositionText.Parse(text, Now));
        Assert.Equal(ExitCode.Usage, e.ExitCode);
        Assert.Contains($"'{text}'", e.Message, StringComparison.Ordinal);
        Assert.NotNull(e.Hint);
    }
}
