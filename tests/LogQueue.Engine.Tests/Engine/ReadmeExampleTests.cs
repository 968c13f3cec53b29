using LogQueue.Engine.Partitions;
using LogQueue.Engine.Topics;
using Record = LogQueue.Records.Record;

namespace LogQueue.Engine.Tests.Engine;

/// <summary>
/// The ten lines of engine/README.md, compiled and run. Every example there must be a block from here or from <see cref="RecipeTests"/>.
/// </summary>
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
    public void Every_example_of_the_readme_is_code_that_runs_here()
    {
        string[] sources = [.. new[] { "ReadmeExampleTests.cs", "RecipeTests.cs" }.SelectMany(static file =>
            Blocks(File.ReadAllText(Path.Combine(Sources.Root, "tests/LogQueue.Engine.Tests/Engine", file)), "// example\n", "// end"))];
        string[] shown = [.. Blocks(File.ReadAllText(Path.Combine(Sources.Root, "engine/README.md")), "```csharp\n", "```")];
        Assert.True(shown.Length > 5, "the README has lost its examples");
        Assert.Equal(sources.Order(StringComparer.Ordinal), shown.Order(StringComparer.Ordinal));
    }

    private static IEnumerable<string> Blocks(string text, string from, string to)
    {
        for (int at = text.IndexOf(from, StringComparison.Ordinal); at >= 0; at = text.IndexOf(from, at, StringComparison.Ordinal))
        {
            int start = at + from.Length;
            at = text.IndexOf(to, start, StringComparison.Ordinal);
            yield return string.Join('\n', text[start..at].Split('\n').Select(static l => l.Trim()).Where(static l => l.Length > 0));
        }
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
