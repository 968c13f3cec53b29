namespace LogQueue.House.Tests;

/// <summary>The checked-out tree that the House rules are about. Immutable; thread-safe.</summary>
internal static class Repository
{
    /// <summary>The folder that holds LogQueue.sln.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Every hand-written C# file below the product folders, as paths relative to <see cref="Root"/> with forward slashes.</summary>
    public static IReadOnlyList<string> SourceFiles { get; } = Files("engine", "server", "client", "perf");

    /// <summary>Every C# file of the tests.</summary>
    public static IReadOnlyList<string> TestFiles { get; } = Files("tests");

    /// <summary>Product and test files together.</summary>
    public static IEnumerable<string> AllFiles => SourceFiles.Concat(TestFiles);

    public static string Read(string relativePath) => File.ReadAllText(Path.Combine(Root, relativePath));

    public static string[] ReadLines(string relativePath) => File.ReadAllLines(Path.Combine(Root, relativePath));

    /// <summary>The paths of all project files, relative to <see cref="Root"/>.</summary>
    public static IReadOnlyList<string> Projects { get; } =
        [.. Find("*.csproj", "engine", "server", "client", "tests", "perf")];

    private static List<string> Files(params string[] folders) => [.. Find("*.cs", folders)];

    private static IEnumerable<string> Find(string pattern, params string[] folders) =>
        from folder in folders
        from path in Directory.EnumerateFiles(Path.Combine(Root, folder), pattern, SearchOption.AllDirectories)
        let relative = Path.GetRelativePath(Root, path).Replace('\\', '/')
        where !relative.Split('/').Any(static part => part is "bin" or "obj" or "node_modules")
        orderby relative
        select relative;

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "LogQueue.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"No LogQueue.sln above {AppContext.BaseDirectory}: run the House tests from a build inside the tree.");
    }
}
