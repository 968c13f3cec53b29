using LogQueue.Engine.Errors;
using LogQueue.Engine.Groups;
using LogQueue.Engine.Messages;
using LogQueue.Engine.Metadata;
using LogQueue.Engine.Partitions;
using LogQueue.Engine.Topics;
using LogQueue.Records;
using LogQueue.Storage;
using LogQueue.Storage.Partitions;
using LogQueue.Wire;

namespace LogQueue.Engine.Opening;

/// <summary>
/// Takes over a plain Kafka data directory. Topics, ids and settings are those of its <c>__cluster_metadata-0</c>; every other partition
/// directory with a <c>partition.metadata</c> becomes part of a topic of that name and id. Kafka's settings are not in such files; so
/// nothing of such a topic is deleted by time or size until a person sets its retention, and topics that Kafka's cleaner worked on are
/// compacted topics. Stateless.
/// </summary>
internal static class KafkaAdoption
{
    /// <summary>
    /// Our producer ids begin so far above Kafka's: a Kafka broker that takes the partitions over again counts on from its own, and must
    /// not meet ours in their logs.
    /// </summary>
    public const long ProducerIdGap = 1L << 32;

    private const string CleanerCheckpoint = "cleaner-offset-checkpoint";

    /// <summary>The topics to adopt, as changes for the metadata log.</summary>
    /// <param name="directory">The data directory.</param>
    /// <param name="catalogue">What the metadata log knows already: Kafka's own, or nothing.</param>
    /// <param name="nodeId">This node.</param>
    /// <param name="directoryId">This directory.</param>
    /// <param name="topics">Names of all topics that were taken over, those of Kafka's metadata log included.</param>
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

        topics = [.. found.Keys.Concat(known).Order(StringComparer.Ordinal)];
        return changes;
    }

    /// <summary>Partitions that Kafka's metadata log knows and that have no directory here, each in words: they open empty.</summary>
    public static IEnumerable<string> MissingPartitions(DataDirectory directory, Catalogue catalogue)
    {
        HashSet<string> present = [.. directory.Device.ListDirectories(directory.FullPath)];
        return catalogue.Topics.Where(static topic => topic.Name is not (TopicName.ConsumerOffsets or TopicName.TransactionState))
            .SelectMany(static topic => Enumerable.Range(0, topic.PartitionCount).Select(n => PartitionDirectory.Name(topic.Name, n)))
            .Where(name => !present.Contains(name))
            .Order(StringComparer.Ordinal)
            .Select(static name => $"{name}: Kafka's metadata knows it, but it has no directory here; it opened empty");
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
            if (log.Id.Topic == TopicName.TransactionState)
            {
                next = Math.Max(next, NextTransactionalProducerId(cursor.Current));
            }
        }

        return next;
    }

    /// <summary>Ids of producers that have a transactional id may occur in the transaction log alone.</summary>
    private static long NextTransactionalProducerId(ReadOnlyMemory<byte> batch)
    {
        long next = 0;
        using RecordBatchReader reader = RecordBatchReader.Open(batch);
        while (!new RecordBatchView(batch.Span).IsControl && reader.TryRead(out Record record))
        {
            if (record.Value is { Length: > 2 } value)
            {
                var wire = new WireReader(value);
                short version = wire.ReadInt16();
                if (version >= TransactionLogValue.LowestVersion && version <= TransactionLogValue.HighestVersion)
                {
                    TransactionLogValue state = TransactionLogValue.Read(ref wire, version);
                    next = Math.Max(next, 1 + Math.Max(state.ProducerId, Math.Max(state.PreviousProducerId, state.NextProducerId)));
                }
            }
        }

        return next;
    }

    private static IReadOnlyDictionary<string, string> Configs(string topic, bool cleaned) =>
        topic is TopicName.ConsumerOffsets or TopicName.TransactionState ? GroupOffsets.InternalTopicConfigs
        : cleaned ? new Dictionary<string, string> { ["cleanup.policy"] = "compact" }
        : new Dictionary<string, string> { ["retention.ms"] = "-1" };

    /// <summary>Topics with a partition that Kafka's cleaner has worked on.</summary>
    private static HashSet<string> CleanedTopics(DataDirectory directory)
    {
        return [.. KafkaCheckpoints.Read(directory.Device, directory.PathOf(CleanerCheckpoint)).Keys
            .Select(static name => PartitionDirectory.TryParse(name, out string topic, out _) ? topic : "")];
    }
}
