using LogQueue.Interop.Tests.Clients;

namespace LogQueue.Interop.Tests;

public sealed class KcatTests(InteropBroker broker) : ClientContractTests(broker)
{
    internal override ForeignClient Client { get; } = new KcatClient();
}
