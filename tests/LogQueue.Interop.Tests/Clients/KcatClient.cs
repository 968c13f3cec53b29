using System.Globalization;

namespace LogQueue.Interop.Tests.Clients;

/// <summary>kcat, on the distribution's librdkafka 2.0.</summary>
internal sealed class KcatClient : ForeignClient
{
    private const string Format = "%p\\t%o\\t%k\\t%s\\n";

    public override IReadOnlyList<string> Codecs => ["none", "gzip", "snappy", "lz4", "zstd"];

    public override bool LeavesOnTerminate => true;

    public override void RequireInstalled() => Peers.Require(Peers.OnPath("kcat"), "kcat", "apt-get install kcat");

    public override IReadOnlyList<string> Produce(string bootstrap, string topic, string codec) =>
        ["kcat", "-b", bootstrap, "-P", "-t", topic, "-K", "\t", "-z", codec, "-X", "enable.idempotence=true"];

    public override IReadOnlyList<string> Consume(string bootstrap, string topic, int count, string from)
    {
        string start = from.StartsWith("offset=", StringComparison.Ordinal) ? from[7..]
            : from.StartsWith("time=", StringComparison.Ordinal) ? "s@" + from[5..]
            : from;
        return ["kcat", "-b", bootstrap, "-C", "-q", "-t", topic, "-o", start, "-c", count.ToString(CultureInfo.InvariantCulture), "-f", Format, "-X", "check.crcs=true"];
    }

    public override IReadOnlyList<string> Group(string bootstrap, string topic, string group) =>
    [
        "kcat", "-b", bootstrap, "-q", "-u", "-f", Format, "-X", "auto.offset.reset=earliest", "-X", "session.timeout.ms=10000",
        "-X", "heartbeat.interval.ms=500", "-X", "check.crcs=true", "-G", group, topic,
    ];
}
