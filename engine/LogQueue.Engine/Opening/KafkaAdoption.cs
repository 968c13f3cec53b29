using System.Globalization;
using System.Text;
using LogQueue.Engine.Errors;
using LogQueue.Engine.Groups;
using LogQueue.Engine.Metadata;
using LogQueue.Engine.Partitions;
using LogQueue.Engine.Topics;
using LogQueue.Records;
using LogQueue.Storage;
using LogQueue.Storage.Files;
using LogQueue.Storage.Partitions;

namespace LogQueue.Engine.Opening;

/// <summary>
/// Takes over a plain Kafka data directory: every partition directory with a <c>partition.metadata</c> becomes part of a topic of that
/// name and id. Kafka's settings are not in these files; so nothing of an adopted topic is deleted by time or size until a person sets
/// its retention, and topics that Kafka's cleaner worked on are compacted topics. Stateless.
/// </summary>
internal static class KafkaAdoption
{
    private const string CleanerCheckpoint = "cleaner-offset-checkpoint";

    /// <summary>The topics to adopt, as changes for the metadata log.</summary>
    /// <param name="directory">The data directory.</param>
    /// <param name="catalogue">What the metadata log knows already: Kafka's own, or nothing.</param>
    /// <param name="nodeId">This node.</param>
    /// <param name="directoryId">This directory.</param>
    /// <param name="topics">Names of the adopted topics.</param>
    public static List<MetadataChange> Find(DataDirectory directory, Catalogue catalogue, int nodeId, Guid directoryId,
        out List<string> topics)
    {
        var found = new SortedDictionary<string, (Guid Id, int Count)>(StringComparer.Ordinal);
        HashSet<string> known = [.. catalogue.Topics.Select(static topic => topic.Name)];
        foreach (string name in directory.Device.ListDirectories(directory.FullPath))
        {
            if (!PartitionDirectory.TryParse(name, out string topic, out int partition) || topic == TopicName.ClusterMetadata
                || known.Contains(topic) || PartitionMetadataFile.TryLoad(directory.Device, directory.PathOf(name)) is not { } id)
            {
                continue;
            }

            if (found.TryGetValue(topic, out (Guid Id, int Count) before) && before.Id != id)
            {
                throw new DataDirectoryException(
                    directory.FullPath, $"Partitions of topic '{topic}' have different topic ids: '{directory.PathOf(name)}' belongs to another topic. Move it away.");
            }

            found[topic] = (id, Math.Max(before.Count, partition + 1));
        }

        HashSet<string> cleaned = CleanedTopics(directory);
        List<MetadataChange> changes = [];
        foreach ((string topic, (Guid id, int count)) in found)
        {
            changes.Add(MetadataRecords.Topic(topic, id));
            changes.AddRange(Configs(topic, cleaned.Contains(topic)).Select(pair => MetadataRecords.Config(topic, pair.Key, pair.Value)));
            changes.AddRange(Enumerable.Range(0, count).Select(partition => MetadataRecords.Partition(id, partition, nodeId, directoryId)));
        }

        topics = [.. found.Keys];
        return changes;
    }

    /// <summary>
    /// The first producer id above all that occur in a log: ids of another cluster's producers must not be given out again.
    /// </summary>
    public static long NextProducerId(PartitionLog log)
    {
        long next = 0;
        using var cursor = new BatchCursor(
            offset => log.Read(offset, BatchCursor.ReadBytes, ReadIsolation.LogEnd, atLeastOneBatch: true), log.LogStartOffset);
        while (cursor.MoveNext())
        {
            next = Math.Max(next, new RecordBatchView(cursor.Current.Span).ProducerId + 1);
        }

        return next;
    }

    private static IReadOnlyDictionary<string, string> Configs(string topic, bool cleaned) =>
        topic is TopicName.ConsumerOffsets or TopicName.TransactionState ? GroupOffsets.InternalTopicConfigs
        : cleaned ? new Dictionary<string, string> { ["cleanup.policy"] = "compact" }
        : new Dictionary<string, string> { ["retention.ms"] = "-1" };

    /// <summary>Kafka's cleaner checkpoint: version, count, then a line "topic partition offset" for each cleaned partition.</summary>
    private static HashSet<string> CleanedTopics(DataDirectory directory)
    {
        string text = Encoding.UTF8.GetString(directory.Device.ReadWhole(directory.PathOf(CleanerCheckpoint)) ?? []);
        return [.. text.Split('\n', StringSplitOptions.TrimEntries)
            .Select(static line => line.Split(' '))
            .Where(static words => words.Length == 3 && long.TryParse(words[2], NumberStyles.None, CultureInfo.InvariantCulture, out _))
            .Select(static words => words[0])];
    }
}
