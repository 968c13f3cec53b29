using System.Globalization;
using System.Text;
using LogQueue.Engine.Errors;
using LogQueue.Engine.Topics;
using LogQueue.Storage.Files;

namespace LogQueue.Engine.Opening;

/// <summary>
/// The file <c>meta.properties</c>: who this data directory is. Kafka's file with Kafka's keys; unknown lines are kept. Immutable.
/// </summary>
internal sealed record MetaProperties
{
    /// <summary>Its name in the data directory.</summary>
    public const string FileName = "meta.properties";

    private const int Version = 1;

    /// <summary>This node's id.</summary>
    public required int NodeId { get; init; }

    /// <summary>The cluster's id, 22 characters.</summary>
    public required string ClusterId { get; init; }

    /// <summary>The directory's id.</summary>
    public required Guid DirectoryId { get; init; }

    /// <summary>Reads the file, or makes it when it is missing.</summary>
    /// <exception cref="DataDirectoryException">It is of a newer version, or damaged.</exception>
    public static MetaProperties LoadOrCreate(IStorageDevice device, string dataDirectory, int nodeId)
    {
        string path = Path.Combine(dataDirectory, FileName);
        if (device.ReadWhole(path) is { } bytes)
        {
            return Parse(Encoding.UTF8.GetString(bytes), dataDirectory, path, nodeId);
        }

        var created = new MetaProperties
        {
            NodeId = nodeId,
            ClusterId = KafkaUuid.Format(KafkaUuid.Create()),
            DirectoryId = KafkaUuid.Create(),
        };
        string lines = $"version={Version}\nnode.id={created.NodeId}\ncluster.id={created.ClusterId}\ndirectory.id={KafkaUuid.Format(created.DirectoryId)}\n";
        device.ReplaceDurably(path, Encoding.UTF8.GetBytes(lines));
        return created;
    }

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
