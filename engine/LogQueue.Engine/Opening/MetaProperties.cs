using System.Globalization;
using System.Text;
using LogQueue.Engine.Errors;
using LogQueue.Engine.Topics;
using LogQueue.Records.Checksums;
using LogQueue.Storage.Files;

namespace LogQueue.Engine.Opening;

/// <summary>
/// The file <c>meta.properties</c>: who this data directory is. Kafka's file with Kafka's keys; unknown lines are kept. A comment at its
/// end holds the CRC-32C of what precedes it, and <c>meta.properties.copy</c> is its twin: either one makes the other again. Immutable.
/// </summary>
internal sealed record MetaProperties
{
    /// <summary>Its name in the data directory.</summary>
    public const string FileName = "meta.properties";

    private const string CopyName = "meta.properties.copy";
    private const string ChecksumKey = "#crc32c=";
    private const int Version = 1;

    /// <summary>This node's id.</summary>
    public required int NodeId { get; init; }

    /// <summary>The cluster's id, 22 characters.</summary>
    public required string ClusterId { get; init; }

    /// <summary>The directory's id.</summary>
    public required Guid DirectoryId { get; init; }

    /// <summary>Reads the file, or makes it when it and its copy are missing.</summary>
    /// <exception cref="DataDirectoryException">It is of a newer version, or damaged.</exception>
    public static MetaProperties LoadOrCreate(IStorageDevice device, string dataDirectory, int nodeId)
    {
        string path = Path.Combine(dataDirectory, FileName);
        string copyPath = Path.Combine(dataDirectory, CopyName);
        string? text = Read(device, path, out bool isVouchedFor, out bool isDamaged);
        string? copy = Read(device, copyPath, out bool isCopyGood, out _);
        isDamaged |= text is not null && !isVouchedFor && isCopyGood && !IsWhole(text);
        if ((text is null || isDamaged) && isCopyGood)
        {
            text = copy!; // the other one is lost or damaged: this is what it said
            device.ReplaceDurably(path, Encoding.UTF8.GetBytes(text));
            isVouchedFor = true;
        }
        else if (isDamaged)
        {
            throw new DataDirectoryException(dataDirectory,
                $"'{path}' is damaged: its checksum is wrong, and '{copyPath}' does not help. Restore one of them from a copy.");
        }

        if (text is null)
        {
            Guid directoryId = KafkaUuid.Create();
            text = $"version={Version}\nnode.id={nodeId}\ncluster.id={KafkaUuid.Format(KafkaUuid.Create())}\n"
                + $"directory.id={KafkaUuid.Format(directoryId)}\n";
        }

        MetaProperties parsed = Parse(text, dataDirectory, path, nodeId);
        if (!isVouchedFor)
        {
            text = Vouch(text.EndsWith('\n') ? text : text + "\n");
            device.ReplaceDurably(path, Encoding.UTF8.GetBytes(text));
        }

        if (copy != text)
        {
            device.ReplaceDurably(copyPath, Encoding.UTF8.GetBytes(text));
        }

        return parsed;
    }

    /// <summary>Reads a file; its checksum stands in a comment at the end, which Kafka passes over. Kafka's own files have none.</summary>
    private static string? Read(IStorageDevice device, string path, out bool isVouchedFor, out bool isDamaged)
    {
        isVouchedFor = false;
        isDamaged = false;
        if (device.ReadWhole(path) is not { } bytes)
        {
            return null;
        }

        string text = Encoding.UTF8.GetString(bytes);
        int at = text.LastIndexOf(ChecksumKey, StringComparison.Ordinal);
        if (at >= 0)
        {
            isVouchedFor = text == Vouch(text[..at]);
            isDamaged = !isVouchedFor;
        }

        return text;
    }

    /// <summary>A file without a checksum (Kafka wrote it) is believed when it was not cut short.</summary>
    private static bool IsWhole(string text) =>
        text.EndsWith('\n') && Array.TrueForAll(["version=", "node.id=", "cluster.id=", "directory.id="], key =>
            text.Contains(key, StringComparison.Ordinal));

    private static string Vouch(string lines) => string.Create(CultureInfo.InvariantCulture,
        $"{lines}{ChecksumKey}{Crc32C.Compute(Encoding.UTF8.GetBytes(lines)):x8}\n");

    private static MetaProperties Parse(string text, string dataDirectory, string path, int nodeId)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string line in text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = line.IndexOf('=', StringComparison.Ordinal);
            if (line[0] is not ('#' or '!') && equals > 0)
            {
                values[line[..equals].Trim()] = line[(equals + 1)..].Trim();
            }
        }

        if (!TryInt("version", out int version) || version < 0)
        {
            throw Damaged("has no version");
        }

        if (version > Version)
        {
            throw new DataDirectoryException(
                dataDirectory,
                $"'{path}' has format version {version}; this LogQueue reads up to {Version}. The directory was written by a newer one: use that, or another directory.");
        }

        string clusterId = values.GetValueOrDefault("cluster.id") ?? throw Damaged("has no cluster.id");
        int node = TryInt("node.id", out int stored) || TryInt("broker.id", out stored) ? stored : nodeId;
        Guid directoryId = KafkaUuid.TryParse(values.GetValueOrDefault("directory.id"), out Guid id) ? id : Guid.Empty;
        return new MetaProperties { NodeId = node, ClusterId = clusterId, DirectoryId = directoryId };

        bool TryInt(string key, out int value)
        {
            value = 0;
            return values.TryGetValue(key, out string? word) && int.TryParse(word, NumberStyles.AllowLeadingSign,
                CultureInfo.InvariantCulture, out value);
        }

        DataDirectoryException Damaged(string what) => new(
            dataDirectory, $"'{path}' {what}: it is damaged, or not a file of ours. Restore it from a copy, or name another directory.");
    }
}
