namespace LogQueue.Engine.Tests.Engine;

/// <summary>A directory of one test; gone after it.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    public TemporaryDirectory() => Path = Directory.CreateTempSubdirectory("logqueue-engine-").FullName;

    public string Path { get; }

    /// <summary>A copy of another directory as it is now: what a crash would leave, as far as the page cache knows.</summary>
    public static TemporaryDirectory CopyOf(string source)
    {
        var copy = new TemporaryDirectory();
        foreach (string directory in Directory.GetDirectories(source, "*", SearchOption.AllDirectories))
        {
            Directory.CreateDirectory(System.IO.Path.Combine(copy.Path, System.IO.Path.GetRelativePath(source, directory)));
        }

        foreach (string file in Directory.GetFiles(source, "*", SearchOption.AllDirectories)
            .Where(static file => System.IO.Path.GetFileName(file) != ".lock"))
        {
            File.Copy(file, System.IO.Path.Combine(copy.Path, System.IO.Path.GetRelativePath(source, file)));
        }

        return copy;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
