using LogQueue.Cli.Output;

namespace LogQueue.Server.Tests.Cli.Output;

public sealed class HumanTests
{
    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(1023, "1023 B")]
    [InlineData(1024, "1 KiB")]
    [InlineData(1536, "1.5 KiB")]
    [InlineData(1048576, "1 MiB")]
    [InlineData(5e12, "4.5 TiB")]
    [InlineData(-2048, "-2 KiB")]
    public void Bytes(double value, string expected) => Assert.Equal(expected, Human.Bytes(value));

    [Theory]
    [InlineData(0, "0")]
    [InlineData(1234567, "1,234,567")]
    public void Counts(long value, string expected) => Assert.Equal(expected, Human.Count(value));

    [Theory]
    [InlineData(0.123, "0.12")]
    [InlineData(123.46, "123.5")]
    [InlineData(123456.7, "123,457")]
    [InlineData(-5, "-5.00")]
    public void Numbers(double value, string expected) => Assert.Equal(expected, Human.Number(value));

    [Fact]
    public void Times_are_utc_with_milliseconds() =>
        Assert.Equal("2026-01-31T10:00:00.007Z", Human.Time(new DateTimeOffset(2026, 1, 31, 12, 0, 0, 7, TimeSpan.FromHours(2))));

    [Fact]
    public void Milliseconds() => Assert.Equal("1.50 ms", Human.Milliseconds(1.5));

    [Fact]
    public void A_sparkline_rises_with_its_values() =>
        Assert.Equal("▁▂▃▄▅▆▇█", Human.Sparkline([0, 1, 2, 3, 4, 5, 6, 7], 20));

    [Fact]
    public void A_sparkline_is_never_wider_than_told() =>
        Assert.Equal(5, Human.Sparkline([.. Enumerable.Range(0, 103).Select(static i => (double)i)], 5).Length);

    [Fact]
    public void A_sparkline_of_one_value_is_flat() => Assert.Equal("▁▁▁", Human.Sparkline([2, 2, 2], 3));

    [Fact]
    public void A_sparkline_of_nothing_is_empty() => Assert.Empty(Human.Sparkline([], 3));
}
