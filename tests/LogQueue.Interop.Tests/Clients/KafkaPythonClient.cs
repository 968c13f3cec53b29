namespace LogQueue.Interop.Tests.Clients;

internal sealed class KafkaPythonClient : DriverClient
{
    public override IReadOnlyList<string> Codecs => ["none", "gzip", "snappy", "lz4"];

    protected override string Interpreter => Peers.SystemPython;

    protected override string Driver => "kafka_python_driver.py";

    public override void RequireInstalled() =>
        Peers.Require(Peers.HasPythonModule("kafka"), "kafka-python", "apt-get install python3-kafka python3-lz4 python3-snappy");
}
