using System.Globalization;

namespace LogQueue.Interop.Tests.Clients;

/// <summary>Kafka's own console producer and consumer (the Java client).</summary>
internal sealed class JavaConsoleClient : ForeignClient
{
    private static readonly string[] Print =
    [
        "--formatter-property", "print.partition=true", "--formatter-property", "print.offset=true", "--formatter-property", "print.key=true",
    ];

    public override IReadOnlyList<string> Codecs => ["none", "gzip", "snappy", "lz4", "zstd"];

    public override bool LeavesOnTerminate => true;

    public override int LeaveExitCode => 143;

    public override void RequireInstalled() => Peers.KafkaTool();

    public override IReadOnlyList<string> Produce(string bootstrap, string topic, string codec) =>
    [
        Peers.KafkaTool(), "console-producer", "--bootstrap-server", bootstrap, "--topic", topic, "--compression-codec", codec, "--batch-size", "65536",
        "--reader-property", "parse.key=true", "--reader-property", "key.separator=\t",
    ];

    public override IReadOnlyList<string> Consume(string bootstrap, string topic, int count, string from)
    {
        string[] consume =
        [
            Peers.KafkaTool(), "console-consumer", "--bootstrap-server", bootstrap, "--topic", topic,
            "--max-messages", count.ToString(CultureInfo.InvariantCulture), .. Print,
        ];
        if (from == "beginning")
        {
            return [.. consume, "--from-beginning"];
        }

        if (from.StartsWith("offset=", StringComparison.Ordinal))
        {
            return [.. consume, "--partition", "0", "--offset", from[7..]];
        }

        // The console consumer cannot start at a time: Kafka's get-offsets looks it up first.
        string script = $"o=$(\"$0\" get-offsets --bootstrap-server {bootstrap} --topic {topic} --time {from[5..]} | cut -d: -f3); exec \"$@\" --partition 0 --offset \"$o\"";
        return ["sh", "-c", script, Peers.KafkaTool(), .. consume];
    }

    public override IReadOnlyList<string> Group(string bootstrap, string topic, string group) =>
    [
        Peers.KafkaTool(), "console-consumer", "--bootstrap-server", bootstrap, "--topic", topic, "--group", group, .. Print,
        "--command-property", "auto.offset.reset=earliest", "--command-property", "heartbeat.interval.ms=500",
        "--command-property", "session.timeout.ms=10000", "--command-property", "auto.commit.interval.ms=200",
    ];
}
