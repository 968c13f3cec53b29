using System.Globalization;
using LogQueue.Cli.Parsing;

namespace LogQueue.Server.Tests.Cli.Parsing;

public sealed class TimeTextTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("2026-01-31T11:00Z", "2026-01-31T11:00:00Z")]
    [InlineData("2026-01-31T11:00:00.250+02:00", "2026-01-31T09:00:00.250Z")]
    [InlineData("2026-01-31", "2026-01-31T00:00:00Z")]
    [InlineData("2026-01-31T11:00:00", "2026-01-31T11:00:00Z")]
    [InlineData("0", "1970-01-01T00:00:00Z")]
    [InlineData("1700000000", "2023-11-14T22:13:20Z")]
    [InlineData("1700000000123", "2023-11-14T22:13:20.123Z")]
    [InlineData("-15m", "2026-01-31T11:45:00Z")]
    [InlineData("-1d12h", "2026-01-30T00:00:00Z")]
    [InlineData("-250ms", "2026-01-31T11:59:59.750Z")]
    public void Times(string text, string expected)
    {
        Assert.True(TimeText.TryParseTime(text, Now, out DateTimeOffset time));
        Assert.Equal(DateTimeOffset.Parse(expected, CultureInfo.InvariantCulture), time);
    }

    [Theory]
    [InlineData("")]
    [InlineData("yesterday")]
    [InlineData("-")]
    [InlineData("-15")]
    [InlineData("2026-13-01")]
    [InlineData("99999999999999999999")]
    [InlineData("9223372036854775807")]
    [InlineData("253402300800000")]
    [InlineData("-999999999d")]
    public void No_times(string text) => Assert.False(TimeText.TryParseTime(text, Now, out _));

    [Theory]
    [InlineData("90s", 90_000)]
    [InlineData("1h30m", 5_400_000)]
    [InlineData("7d", 604_800_000)]
    [InlineData("250ms", 250)]
    [InlineData("1m1ms", 60_001)]
    public void Durations(string text, long expectedMs)
    {
        Assert.True(TimeText.TryParseDuration(text, out TimeSpan duration));
        Assert.Equal(expectedMs, duration.TotalMilliseconds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("m")]
    [InlineData("-5m")]
    [InlineData("5 m")]
    [InlineData("5m\n")]
    [InlineData("5w")]
    [InlineData("999999999d")]
    public void No_durations(string text) => Assert.False(TimeText.TryParseDuration(text, out _));
}
