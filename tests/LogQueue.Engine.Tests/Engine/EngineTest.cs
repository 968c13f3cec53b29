using System.Globalization;
using System.Text;
using LogQueue.Engine.Partitions;
using LogQueue.Engine.Topics;
using Record = LogQueue.Records.Record;

namespace LogQueue.Engine.Tests.Engine;

/// <summary>What tests of an open engine share: a directory, a deadline that ends a test that hangs, texts in and out.</summary>
public abstract class EngineTest : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly CancellationTokenSource _deadline = new(TimeSpan.FromSeconds(60));

    /// <summary>Ends a test that hangs.</summary>
    protected CancellationToken Deadline => _deadline.Token;

    /// <summary>The data directory.</summary>
    protected string DataDirectory => _directory.Path;

    public void Dispose()
    {
        _deadline.Dispose();
        _directory.Dispose();
        GC.SuppressFinalize(this);
    }

    protected static ReadOnlyMemory<byte> Text(string text) => Encoding.UTF8.GetBytes(text);

    protected static string Text(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes);

    protected static ReadOnlyMemory<byte> Number(long number) => Text(number.ToString(CultureInfo.InvariantCulture));

    protected static long Number(ReadOnlySpan<byte> bytes) => long.Parse(Text(bytes), CultureInfo.InvariantCulture);

    protected Task<LogEngine> OpenAsync(Durability durability = Durability.Commit) =>
        LogEngine.OpenAsync(new LogEngineOptions { DataDirectory = DataDirectory, Durability = durability }, Deadline);

    /// <summary>A partition of a new topic with small segments.</summary>
    protected async Task<Partition> CreateAsync(LogEngine engine, string topic = "t", params (string Key, string Value)[] configs)
    {
        Dictionary<string, string> all = configs.ToDictionary(static c => c.Key, static c => c.Value);
        all.TryAdd("segment.bytes", "1048576");
        Topic created = await engine.CreateTopicAsync(topic, 1, all, Deadline);
        return created.Partitions[0];
    }

    protected async Task<List<string>> ReadAllAsync(Partition partition, long from = 0)
    {
        List<string> read = [];
        await foreach (Record record in partition.ReadRecordsAsync(from, cancellationToken: Deadline))
        {
            read.Add($"{record.Offset}:{Text(record.Value!.Value.Span)}");
        }

        return read;
    }
}
