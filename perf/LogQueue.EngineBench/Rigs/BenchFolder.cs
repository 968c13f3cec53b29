namespace LogQueue.EngineBench.Rigs;

/// <summary>A folder on the disk under test, with fresh sub-folders for each run. One thread.</summary>
internal sealed class BenchFolder : IDisposable
{
    private int _runs;

    /// <summary>Makes the folder below a parent.</summary>
    public BenchFolder(string parent)
    {
        FullPath = Path.Combine(Path.GetFullPath(parent), $".engine-bench-{Environment.ProcessId}");
        Directory.CreateDirectory(FullPath);
    }

    /// <summary>Where it is.</summary>
    public string FullPath { get; }

    /// <summary>A path below it that was never used.</summary>
    public string Fresh(string name) => Path.Combine(FullPath, $"{name}-{++_runs}");

    /// <summary>Removes a folder or file, if it is there.</summary>
    public static void Remove(string path)
    {
        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }

        File.Delete(path);
    }

    public void Dispose() => Directory.Delete(FullPath, recursive: true);
}
