using LogQueue.Interop.Tests.Clients;

namespace LogQueue.Interop.Tests;

public sealed class KafkaJsTests(InteropBroker broker) : ClientContractTests(broker)
{
    internal override ForeignClient Client { get; } = new KafkaJsClient();
}
