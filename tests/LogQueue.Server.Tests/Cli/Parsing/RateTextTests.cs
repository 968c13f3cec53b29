using LogQueue.Cli;
using LogQueue.Cli.Parsing;

namespace LogQueue.Server.Tests.Cli.Parsing;

public sealed class RateTextTests
{
    [Theory]
    [InlineData("500", 500)]
    [InlineData("500/s", 500)]
    [InlineData("50k/s", 50_000)]
    [InlineData("1.5M/s", 1_500_000)]
    [InlineData("0.5", 0.5)]
    public void Rates(string text, double expected) => Assert.Equal(expected, RateText.ParsePerSecond(text));

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("-5/s")]
    [InlineData("k")]
    [InlineData("5/m")]
    [InlineData("fast")]
    [InlineData("1,000")]
    public void No_rates(string text) =>
        Assert.Equal(ExitCode.Usage, Assert.Throws<CliException>(() => RateText.ParsePerSecond(text)).ExitCode);

    [Theory]
    [InlineData("1x", 1)]
    [InlineData("10x", 10)]
    [InlineData("0.5x", 0.5)]
    [InlineData("3", 3)]
    [InlineData("max", double.PositiveInfinity)]
    public void Speeds(string text, double expected) => Assert.Equal(expected, RateText.ParseSpeed(text));

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("0x")]
    [InlineData("-1x")]
    [InlineData("10xx")]
    [InlineData("min")]
    public void No_speeds(string text) =>
        Assert.Equal(ExitCode.Usage, Assert.Throws<CliException>(() => RateText.ParseSpeed(text)).ExitCode);
}
