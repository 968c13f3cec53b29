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

    [Fact]
    public async Task A_quoted_cell_may_hold_line_breaks()
    {
        using var input = new StringReader("a,\"b\nsays \"\"x\"\"\n\"\nc,d\"e\n\"\"\n");
        Assert.Equal(("a,\"b\nsays \"\"x\"\"\n\"", 3), await Csv.ReadAsync(input));
        Assert.Equal(("c,d\"e", 1), await Csv.ReadAsync(input));
        Assert.Equal(("\"\"", 1), await Csv.ReadAsync(input));
        Assert.Null((await Csv.ReadAsync(input)).Text);
    }

    [Fact]
    public async Task A_quote_that_nothing_closes_is_told()
    {
        using var input = new StringReader("a,\"b\nc\nd\n");
        await Assert.ThrowsAsync<FormatException>(async () => await Csv.ReadAsync(input));
    }

    [Fact]
    public void Lines_that_are_joined_are_read_and_split_again() =>
        Gen.String[Gen.Char[" ,\"a\n;'"], 0, 8].Array[1, 6].Array[1, 5].Sample(static records =>
        {
            using var input = new StringReader(string.Join('\n', records.Select(Csv.Line)) + "\n");
            foreach (string[] cells in records)
            {
                Assert.Equal(cells, Csv.Split(Csv.ReadAsync(input).AsTask().GetAwaiter().GetResult().Text!));
            }
        });
}
