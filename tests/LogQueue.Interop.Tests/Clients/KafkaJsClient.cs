namespace LogQueue.Interop.Tests.Clients;

internal sealed class KafkaJsClient : DriverClient
{
    public override IReadOnlyList<string> Codecs => ["none", "gzip", "snappy"];

    protected override string Interpreter => "node";

    protected override string Driver => "kafkajs_driver.js";

    public override void RequireInstalled() =>
        Peers.Require(Peers.HasNodeModule("kafkajs"), "kafkajs", "npm ci in tests/LogQueue.Interop.Tests/Drivers");
}
