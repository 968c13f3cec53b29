using System.Globalization;

namespace LogQueue.Server.Tests.Disk;

/// <summary>
/// The library that makes system calls of a process fail (<c>TestData/disk_shim.c</c>), compiled once per run, and the orders for one process.
/// One user at a time.
/// </summary>
internal sealed class DiskShim : IDisposable
{
    private static readonly Lazy<string> Library = new(Compile);
    private readonly string _folder = Directory.CreateTempSubdirectory("logqueue-shim-").FullName;

    private DiskShim(string directory) => Environment = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["LD_PRELOAD"] = Library.Value,
        ["DISK_SHIM_DIR"] = directory,
        ["DISK_SHIM_CONTROL"] = Path.Combine(_folder, "control"),
    };

    /// <summary>What the process gets.</summary>
    public Dictionary<string, string> Environment { get; }

    /// <summary>For the files below a directory. Skips the test with the reason where there is no C compiler.</summary>
    public static DiskShim For(string directory)
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Skip("LD_PRELOAD is Linux's");
        }

        Tool.Require("gcc", "gcc libc6-dev");
        return new DiskShim(directory);
    }

    /// <summary>Makes calls fail or slow from now on; see the C file.</summary>
    public void Order(string call, int errno, long first = 0, long count = -1, int delayMs = 0, bool isShort = false)
    {
        string aside = Path.Combine(_folder, "aside");
        File.WriteAllText(
            aside, string.Create(CultureInfo.InvariantCulture, $"{call} {errno} {first} {count} {delayMs} {(isShort ? 1 : 0)}"));
        File.Move(aside, Environment["DISK_SHIM_CONTROL"], overwrite: true); // read whole or not at all
    }

    /// <summary>The disk is well again.</summary>
    public void Heal() => File.Delete(Environment["DISK_SHIM_CONTROL"]);

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string Compile()
    {
        string library = Path.Combine(Directory.CreateTempSubdirectory("logqueue-shim-").FullName, "disk_shim.so");
        Tool.Run("gcc", ["-shared", "-fPIC", "-O1", "-o", library, Path.Combine(AppContext.BaseDirectory, "TestData", "disk_shim.c"), "-ldl"]);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(Path.GetDirectoryName(library)!, recursive: true);
        return library;
    }
}
