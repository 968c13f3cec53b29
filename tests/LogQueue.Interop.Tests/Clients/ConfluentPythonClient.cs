namespace LogQueue.Interop.Tests.Clients;

internal sealed class ConfluentPythonClient : DriverClient
{
    public override IReadOnlyList<string> Codecs => ["none", "gzip", "snappy", "lz4", "zstd"];

    protected override string Interpreter => Peers.SystemPython;

    protected override string Driver => "confluent_python_driver.py";

    public override void RequireInstalled() =>
        Peers.Require(Peers.HasPythonModule("confluent_kafka"), "confluent-kafka for Python", "apt-get install python3-confluent-kafka");
}
