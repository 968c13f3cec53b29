using System.IO.Compression;
using System.Text.Json;

namespace LogQueue.TestKit.Vectors;

/// <summary>One message as Apache Kafka 4.4's own classes wrote it: its bytes and their meaning. Immutable.</summary>
public sealed record MessageVector(string Name, string Type, short Version, byte[] Bytes, JsonElement Json)
{
    /// <summary>All vectors.</summary>
    public static IReadOnlyList<MessageVector> All { get; } = Load();

    /// <inheritdoc/>
    public override string ToString() => $"{Name} v{Version} {Convert.ToHexString(Bytes)}";

    private static List<MessageVector> Load()
    {
        using FileStream file = File.OpenRead(Path.Combine(AppContext.BaseDirectory, "TestData", "messages.ndjson.gz"));
        using var gzip = new GZipStream(file, CompressionMode.Decompress);
        using var reader = new StreamReader(gzip);
        var vectors = new List<MessageVector>();
        while (reader.ReadLine() is { } line)
        {
            JsonElement json = JsonDocument.Parse(line).RootElement;
            vectors.Add(new MessageVector(
                json.GetProperty("name").GetString()!,
                json.GetProperty("type").GetString()!,
                json.GetProperty("version").GetInt16(),
                Convert.FromHexString(json.GetProperty("hex").GetString()!),
                json.GetProperty("json")));
        }

        return vectors;
    }
}
