using LogQueue.Engine.Partitions;
using LogQueue.Engine.Topics;
using Record = LogQueue.Records.Record;

namespace LogQueue.Engine.Tests.Engine;

/// <summary>The ten lines of engine/README.md, compiled and run; the text there must be this code.</summary>
public sealed class ReadmeExampleTests
{
    [Fact]
    public async Task The_ten_lines_of_the_readme_run()
    {
        string directory = Path.Combine(Path.GetTempPath(), "logqueue-readme-" + Guid.NewGuid().ToString("N"));
        DateTimeOffset start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        try
        {
            Assert.Equal(Enumerable.Range(5, 5).Select(static i => $"{i} {20.0 + i}"), await RunAsync(directory, start));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public void The_readme_shows_this_code()
    {
        string root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "LogQueue.sln")))
        {
            root = Path.GetDirectoryName(root)!;
        }

        string[] source = Lines(File.ReadAllText(Path.Combine(root, "tests/LogQueue.Engine.Tests/Engine/ReadmeExampleTests.cs")), "// example\n", "// end");
        string[] readme = Lines(File.ReadAllText(Path.Combine(root, "engine/README.md")), "```csharp\n", "```");
        Assert.Equal(source, readme);
    }

    private static string[] Lines(string text, string from, string to)
    {
        int start = text.IndexOf(from, StringComparison.Ordinal) + from.Length;
        return [.. text[start..text.IndexOf(to, start, StringComparison.Ordinal)].Split('\n').Select(static l => l.Trim()).Where(static l => l.Length > 0)];
    }

    private static async Task<List<string>> RunAsync(string directory, DateTimeOffset start)
    {
        var printed = new ConsoleLines();
        ConsoleLines Console = printed;

        // example
        await using LogEngine engine = await LogEngine.OpenAsync(new LogEngineOptions { DataDirectory = directory });
        Topic sensors = await engine.CreateTopicAsync("sensors");
        Partition log = sensors.Partitions[0];
        for (int i = 0; i < 10; i++)
        {
            await log.AppendAsync("pump-7"u8.ToArray(), BitConverter.GetBytes(20.0 + i), start.AddMinutes(i));
        }

        long offset = log.FindOffset(start.AddMinutes(5))!.Value.Offset;
        await foreach (Record record in log.ReadRecordsAsync(offset))
        {
            Console.WriteLine($"{record.Offset} {BitConverter.ToDouble(record.Value!.Value.Span)}");
        }

        // end
        return printed;
    }

    /// <summary>Takes the example's lines in place of the console.</summary>
    private sealed class ConsoleLines : List<string>
    {
        public void WriteLine(string line) => Add(line);
    }
}
