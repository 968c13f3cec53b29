namespace LogQueue.Interop.Tests.Clients;

/// <summary>How one foreign client is started for each thing the contract asks of it. Immutable.</summary>
internal abstract class ForeignClient
{
    /// <summary>Codecs this client can write and read, by Kafka's names.</summary>
    public abstract IReadOnlyList<string> Codecs { get; }

    /// <summary>True when a group member leaves on SIGTERM, false when it leaves as its stdin ends.</summary>
    public virtual bool LeavesOnTerminate => false;

    /// <summary>Exit code of a member that left in good order; a JVM that ran its shutdown hooks still says 128 + SIGTERM.</summary>
    public virtual int LeaveExitCode => 0;

    /// <summary>Skips (or fails) the test where the client is not installed.</summary>
    public abstract void RequireInstalled();

    public abstract IReadOnlyList<string> Produce(string bootstrap, string topic, string codec);

    /// <param name="from"><c>beginning</c>, <c>offset=N</c> or <c>time=MS</c>.</param>
    public abstract IReadOnlyList<string> Consume(string bootstrap, string topic, int count, string from);

    public abstract IReadOnlyList<string> Group(string bootstrap, string topic, string group);
}
