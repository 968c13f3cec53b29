namespace LogQueue.House.Tests;

/// <summary>The layout of the root folder, fixed by the user.</summary>
public sealed class TopLevelTests
{
    private static readonly string[] Allowed =
    [
        "engine", "server", "client", "tests", "perf", "LogQueue.sln", "README.md",
        "Directory.Build.props", "Directory.Packages.props", "global.json", "BannedSymbols.txt",
    ];

    [Fact]
    public void Root_holds_only_what_the_layout_names()
    {
        var violations = new Violations(
            "The top level is engine/ server/ client/ tests/ perf/ LogQueue.sln README.md, dot-files, and what MSBuild needs.",
            "Move the file into the room it belongs to.");
        foreach (string path in Directory.EnumerateFileSystemEntries(Repository.Root))
        {
            string name = Path.GetFileName(path);
            if (!name.StartsWith('.') && !Allowed.Contains(name))
            {
                violations.Add(name);
            }
        }

        violations.AssertNone();
        Assert.All(Allowed[..7], name => Assert.True(Path.Exists(Path.Combine(Repository.Root, name)), $"{name} is missing from the root."));
    }

    [Theory]
    [InlineData("engine")]
    [InlineData("server")]
    [InlineData("client")]
    [InlineData("tests")]
    [InlineData("perf")]
    public void Each_top_folder_has_a_short_readme(string folder)
    {
        string path = Path.Combine(Repository.Root, folder, "README.md");
        Assert.True(File.Exists(path), $"{folder}/README.md is missing: write its map, its arrows and its recipes.");
        Assert.InRange(File.ReadAllLines(path).Length, 10, 200);
    }
}
