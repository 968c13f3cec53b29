using System.Globalization;
using System.Text.Json;

namespace LogQueue.Interop.Tests;

/// <summary>Kafka's verifiable producer and consumer, which its own system tests are built on.</summary>
public sealed class JavaVerifiableTests(InteropBroker broker) : IClassFixture<InteropBroker>
{
    private const int Records = 20_000;

    [Fact]
    public async Task Every_acknowledged_record_is_consumed_and_committed()
    {
        string tool = Peers.KafkaTool();
        string topic = await broker.CreateTopicAsync(2);
        string count = Records.ToString(CultureInfo.InvariantCulture);

        IReadOnlyList<string> produced = await ForeignProgram.RunAsync(
            [tool, "verifiable-producer", "--bootstrap-server", broker.Bootstrap, "--topic", topic, "--max-messages", count, "--acks", "-1"]);
        IReadOnlyList<string> consumed = await ForeignProgram.RunAsync(
        [
            tool, "verifiable-consumer", "--bootstrap-server", broker.Bootstrap, "--topic", topic, "--group-id", topic + "-group",
            "--max-messages", count, "--reset-policy", "earliest",
        ]);

        JsonElement[] sent = Events(produced, "producer_send_success");
        Assert.Equal(Records, sent.Length);
        Assert.Equal(Records, sent.Select(static e => (e.GetProperty("partition").GetInt32(), e.GetProperty("offset").GetInt64())).Distinct().Count());
        Assert.Equal(Records, Events(consumed, "records_consumed").Sum(static e => e.GetProperty("count").GetInt32()));
        JsonElement[] commits = Events(consumed, "offsets_committed");
        Assert.All(commits, static e => Assert.True(e.GetProperty("success").GetBoolean()));
        Assert.Equal(Records, commits.SelectMany(static e => e.GetProperty("offsets").EnumerateArray())
            .GroupBy(static o => o.GetProperty("partition").GetInt32()).Sum(static p => p.Max(static o => o.GetProperty("offset").GetInt64())));
    }

    private static JsonElement[] Events(IReadOnlyList<string> lines, string name) =>
        [.. lines.Where(static l => l.StartsWith('{')).Select(static l => JsonDocument.Parse(l).RootElement).Where(e => e.GetProperty("name").GetString() == name)];
}
