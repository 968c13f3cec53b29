namespace LogQueue.House.Tests;

/// <summary>A schema is the reference of its message: nobody should need another page to know what a field is.</summary>
public sealed class SchemaDocsTests
{
    private const int FewestWords = 3;

    private static readonly string[] Folders = ["server/LogQueue.Protocol/Messages", "engine/LogQueue.Engine/Messages"];

    [Fact]
    public void Every_message_and_field_says_what_it_is()
    {
        var violations = new Violations(
            $"Each message, struct and field of a schema has a /// line above it of at least {FewestWords} words.",
            "say in your own words what it is, its unit and what special values mean");
        int lines = 0;
        foreach (string folder in Folders)
        {
            foreach (string path in Directory.EnumerateFiles(Path.Combine(Repository.Root, folder), "*.msg").Order(StringComparer.Ordinal))
            {
                lines += Check($"{folder}/{Path.GetFileName(path)}", File.ReadAllLines(path), violations);
            }
        }

        Assert.True(lines > 1000, $"only {lines} lines of schemas were found");
        violations.AssertNone();
    }

    [Theory]
    [InlineData("record Sample 1 versions 0 flexible none", 1)]
    [InlineData("/// A small sample.\nrecord Sample 1 versions 0 flexible none\n  Size int32 0", 1)]
    [InlineData("/// A small sample.\nrecord Sample 1 versions 0 flexible none\n  /// The size.\n  Size int32 0", 1)]
    [InlineData("/// A small sample.\n# why\n\nrecord Sample 1 versions 0 flexible none\n  /// Size in\n  /// bytes.\n  Size int32 0", 0)]
    public void A_missing_or_empty_doc_is_found(string schema, int expected)
    {
        var violations = new Violations("rule", "remedy");
        Check("Sample.msg", schema.Split('\n'), violations);
        Exception? failure = Record.Exception(violations.AssertNone);
        Assert.Equal(expected, failure is null ? 0 : failure.Message.Split("Sample.msg:").Length - 1);
    }

    private static int Check(string file, string[] lines, Violations violations)
    {
        int words = 0;
        int declared = 0;
        for (int i = 0; i < lines.Length; i++)
        {
            string line = lines[i].Trim();
            if (line.StartsWith("///", StringComparison.Ordinal))
            {
                words += line[3..].Split(' ', StringSplitOptions.RemoveEmptyEntries).Length;
            }
            else if (line.Length > 0 && line[0] != '#')
            {
                declared++;
                if (words < FewestWords)
                {
                    violations.Add($"{file}:{i + 1}: {line}");
                }

                words = 0;
            }
        }

        return declared;
    }
}
