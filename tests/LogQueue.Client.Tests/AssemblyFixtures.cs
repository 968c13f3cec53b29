using LogQueue.Client.Tests.Client.Broker;

[assembly: AssemblyFixture(typeof(BrokerFixture))]
