using CsCheck;
using LogQueue.Cli.Output;

namespace LogQueue.Server.Tests.Cli.Output;

public sealed class CsvTests
{
    [Theory]
    [InlineData("a,b", new[] { "a", "b" })]
    [InlineData("", new[] { "" })]
    [InlineData(",", new[] { "", "" })]
    [InlineData("\"a,b\",c", new[] { "a,b", "c" })]
    [InlineData("\"say \"\"hi\"\"\"", new[] { "say \"hi\"" })]
    [InlineData("\"\",x", new[] { "", "x" })]
    public void Splits(string line, string[] cells) => Assert.Equal(cells, Csv.Split(line));

    [Fact]
    public void Quotes_only_what_needs_it() => Assert.Equal("a,\"b,c\",\"d\"\"e\",", Csv.Line(["a", "b,c", "d\"e", ""]));

    [Fact]
    public void What_is_joined_splits_again() =>
        Gen.String[Gen.Char[" ,\"abc\t;'"], 0, 8].Array[1, 6].Sample(static cells => Csv.Split(Csv.Line(cells)).SequenceEqual(cells));
}
