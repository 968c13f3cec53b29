using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;

namespace LogQueue.TestKit.Kafka;

/// <summary>
/// A data directory that Apache Kafka 4.4 wrote and closed, unpacked into a temporary folder, with what Kafka's own consumers read from it.
/// </summary>
public sealed class KafkaDirectory : IDisposable
{
    /// <summary>Plain partition directories and checkpoints, without Kafka's metadata log.</summary>
    public const string Partitions = "kafka-data-dir.tar.gz";

    /// <summary>A whole directory: its metadata log, cut behind a snapshot, says which topics there are.</summary>
    public const string Whole = "kafka-whole-dir.tar.gz";

    private KafkaDirectory(string root) => Root = root;

    /// <summary>The temporary folder.</summary>
    public string Root { get; }

    /// <summary>The data directory in it.</summary>
    public string DataDirectory => Path.Combine(Root, "kafka-data-dir");

    /// <summary>Unpacks one.</summary>
    public static KafkaDirectory Extract(string archive)
    {
        var directory = new KafkaDirectory(Directory.CreateTempSubdirectory("lq-kafka-").FullName);
        using FileStream file = File.OpenRead(Path.Combine(AppContext.BaseDirectory, "TestData", archive));
        using var unzipped = new GZipStream(file, CompressionMode.Decompress);
        TarFile.ExtractToDirectory(unzipped, directory.Root, overwriteFiles: false);
        return directory;
    }

    /// <summary>What a consumer of Kafka read from a partition, a line of <see cref="Line"/> for each record.</summary>
    public List<string> Expected(string topic, int partition, bool committed)
    {
        string name = committed ? "expected-read_committed.csv" : "expected-read_uncommitted.csv";
        return [.. File.ReadLines(Path.Combine(Root, name)).Where(l => l.StartsWith($"{topic},{partition},", StringComparison.Ordinal))];
    }

    /// <summary>One record in the form of the expected lines.</summary>
    public static string Line(string topic, int partition, long offset, long timestampMs, ReadOnlyMemory<byte>? key, ReadOnlyMemory<byte>? value) =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture,
            $"{topic},{partition},{offset},{timestampMs},{(key is { } k ? Convert.ToHexStringLower(k.Span) : "null")},{(value is { } v ? Convert.ToHexStringLower(SHA256.HashData(v.Span))[..16] : "null")}");

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(Root, recursive: true);
}
