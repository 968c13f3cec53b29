using LogQueue.Interop.Tests.Clients;

namespace LogQueue.Interop.Tests;

public sealed class KafkaPythonTests(InteropBroker broker) : ClientContractTests(broker)
{
    internal override ForeignClient Client { get; } = new KafkaPythonClient();
}
