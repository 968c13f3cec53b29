namespace LogQueue.Interop.Tests.Clients;

internal sealed class PlatformaticClient : DriverClient
{
    public override IReadOnlyList<string> Codecs => ["none", "gzip", "snappy", "lz4"];

    protected override string Interpreter => "node";

    protected override string Driver => "platformatic_driver.mjs";

    public override void RequireInstalled() =>
        Peers.Require(Peers.HasNodeModule("@platformatic/kafka"), "@platformatic/kafka", "npm ci in tests/LogQueue.Interop.Tests/Drivers");
}
