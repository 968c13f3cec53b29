using System.Globalization;

namespace LogQueue.Interop.Tests.Clients;

/// <summary>A client behind one of the drivers in <c>Drivers/</c>.</summary>
internal abstract class DriverClient : ForeignClient
{
    protected abstract string Interpreter { get; }

    protected abstract string Driver { get; }

    public override IReadOnlyList<string> Produce(string bootstrap, string topic, string codec) => Command(bootstrap, "produce", topic, codec);

    public override IReadOnlyList<string> Consume(string bootstrap, string topic, int count, string from) =>
        Command(bootstrap, "consume", topic, count.ToString(CultureInfo.InvariantCulture), from);

    public override IReadOnlyList<string> Group(string bootstrap, string topic, string group) => Command(bootstrap, "group", topic, group);

    private string[] Command(params string[] arguments) => [Interpreter, Path.Combine(Peers.Drivers, Driver), .. arguments];
}
