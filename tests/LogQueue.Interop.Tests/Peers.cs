namespace LogQueue.Interop.Tests;

/// <summary>Finds the foreign programs. One that is missing skips its tests with the reason; LOGQUEUE_REQUIRE_PEERS=1 makes them fail instead.</summary>
internal static class Peers
{
    public const string SystemPython = "/usr/bin/python3";

    private static bool Required => Environment.GetEnvironmentVariable("LOGQUEUE_REQUIRE_PEERS") == "1";

    /// <summary>The folder of the drivers, beside the test binaries.</summary>
    public static string Drivers { get; } = Path.Combine(SourceFolder(), "Drivers");

    public static void Require(bool present, string what, string howToGet)
    {
        if (present)
        {
            return;
        }

        string reason = $"{what} is not on this machine ({howToGet}).";
        if (Required)
        {
            Assert.Fail(reason + " LOGQUEUE_REQUIRE_PEERS=1 asks for it.");
        }

        Assert.Skip(reason);
    }

    public static bool OnPath(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, program)));

    public static bool HasPythonModule(string module) =>
        File.Exists(SystemPython) && Directory.Exists("/usr/lib/python3/dist-packages/" + module);

    public static bool HasNodeModule(string module) =>
        OnPath("node") && Directory.Exists(Path.Combine(Drivers, "node_modules", module));

    /// <summary>The launcher of Kafka's own Java tools.</summary>
    public static string KafkaTool()
    {
        string home = Environment.GetEnvironmentVariable("KAFKA_HOME") ?? "";
        string tool = Path.Combine(home, "kafka-tool");
        Require(home.Length > 0 && File.Exists(tool), "Apache Kafka's tools", "set KAFKA_HOME to the folder that holds kafka-tool");
        Require(OnPath("java"), "Java 17", "apt-get install openjdk-17-jre-headless");
        return tool;
    }

    private static string SourceFolder()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "LogQueue.Interop.Tests.csproj")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"No LogQueue.Interop.Tests.csproj above {AppContext.BaseDirectory}.");
    }
}
