using System.Text.Json.Nodes;
using LogQueue.Engine.Inspection;
using LogQueue.TestKit.Kafka;
using Record = LogQueue.Records.Record;

namespace LogQueue.Engine.Tests.Engine.Inspection;

public sealed class InternalRecordsTests
{
    [Fact]
    public void Offsets_transactions_and_metadata_of_Kafka_are_shown()
    {
        using KafkaDirectory kafka = KafkaDirectory.Extract(KafkaDirectory.Whole);
        JsonNode[] offsets = [.. Decoded(kafka, "__consumer_offsets", 0), .. Decoded(kafka, "__consumer_offsets", 1)];
        Assert.Contains(offsets, static o => (string?)o["type"] == "offsetCommit" && (string?)o["key"]!["group"] == "g-plain"
            && (int?)o["key"]!["partition"] == 1 && (long?)o["value"]?["offset"] == 177);
        Assert.Contains(offsets, static o => (string?)o["type"] == "group" && (string?)o["key"]!["group"] == "g-plain");
        Assert.Contains(offsets, static o => (string?)o["type"] == "abort");
        Assert.Contains(Decoded(kafka, "__transaction_state", 0),
            static o => (string?)o["type"] == "transaction" && (string?)o["key"]!["transactionalId"] == "tx-open" && (long?)o["value"]?["producerId"] >= 0);
        Assert.Contains(Decoded(kafka, "txn", 0), static o => (string?)o["type"] == "commit");

        JsonNode[] metadata =
        [
            .. Decoded(kafka, "__cluster_metadata", 0),
            .. Directory.GetFiles(Path.Combine(kafka.DataDirectory, "__cluster_metadata-0"), "*.checkpoint").SelectMany(static f => Decode("__cluster_metadata", f)),
        ];
        Assert.Contains(metadata, static m => (string?)m["type"] == "TopicRecord" && (string?)m["value"]!["name"] == "plain");
        Assert.Contains(metadata, static m => (string?)m["type"] == "ConfigRecord" && (string?)m["value"]!["name"] == "cleanup.policy");
        Assert.Contains(metadata, static m => (string?)m["type"] == "snapshotFooter");
        Assert.All(metadata, static m => Assert.Null(m["undecodable"]));
    }

    [Fact]
    public void What_cannot_be_decoded_is_shown_raw_and_never_throws()
    {
        var random = new Random(20261127);
        foreach (string topic in (string[])["__consumer_offsets", "__transaction_state", "__cluster_metadata"])
        {
            for (int i = 0; i < 5000; i++)
            {
                byte[] key = new byte[random.Next(0, 20)];
                byte[] value = new byte[random.Next(0, 40)];
                random.NextBytes(key);
                random.NextBytes(value);
                if (key.Length > 1)
                {
                    (key[0], key[1]) = (0, (byte)random.Next(4));
                }

                var record = new Record(1, 2, i % 5 == 0 ? null : key, i % 7 == 0 ? null : value);
                Assert.NotNull(JsonNode.Parse(InternalRecords.Decode(topic, record, isControl: i % 2 == 0)!));
            }
        }

        Assert.Null(InternalRecords.Decode("plain", new Record(1, 2, null, null), isControl: false));
    }

    private static IEnumerable<JsonNode> Decoded(KafkaDirectory kafka, string topic, int partition) =>
        Decode(topic, Path.Combine(kafka.DataDirectory, $"{topic}-{partition}"));

    private static IEnumerable<JsonNode> Decode(string topic, string path) => LogInspector.Records(path, new RecordQuery { WithControl = true })
        .Select(r => InternalRecords.Decode(topic, r.Record, r.Batch.IsControl)).OfType<string>().Select(static text => JsonNode.Parse(text)!);
}
