namespace LogQueue.Engine.Tests.Engine;

/// <summary>The checked-out tree that these tests were built from. Immutable; thread-safe.</summary>
internal static class Sources
{
    /// <summary>The folder that holds LogQueue.sln.</summary>
    public static string Root { get; } = Find();

    private static string Find()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "LogQueue.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"No LogQueue.sln above {AppContext.BaseDirectory}: run these tests from a build inside the tree.");
    }
}
