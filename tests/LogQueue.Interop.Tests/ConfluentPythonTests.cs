using LogQueue.Interop.Tests.Clients;

namespace LogQueue.Interop.Tests;

public sealed class ConfluentPythonTests(InteropBroker broker) : ClientContractTests(broker)
{
    internal override ForeignClient Client { get; } = new ConfluentPythonClient();
}
