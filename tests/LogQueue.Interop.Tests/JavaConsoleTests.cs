using LogQueue.Interop.Tests.Clients;

namespace LogQueue.Interop.Tests;

public sealed class JavaConsoleTests(InteropBroker broker) : ClientContractTests(broker)
{
    internal override ForeignClient Client { get; } = new JavaConsoleClient();
}
