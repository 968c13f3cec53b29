namespace LogQueue.Wire;

/// <summary>A message with a versioned binary form; implemented by generated code. Instances are not thread-safe.</summary>
/// <typeparam name="TSelf">The message itself.</typeparam>
public interface IWireMessage<TSelf>
    where TSelf : IWireMessage<TSelf>
{
    /// <summary>Oldest version that can be read and written.</summary>
    static abstract short LowestVersion { get; }

    /// <summary>Newest version that can be read and written.</summary>
    static abstract short HighestVersion { get; }

    /// <summary>True when <paramref name="version"/> uses compact lengths and tagged fields.</summary>
    static abstract bool IsFlexible(short version);

    /// <summary>Reads one message; memory in it aliases the reader's frame.</summary>
    /// <exception cref="WireFormatException">The bytes do not follow the format.</exception>
    static abstract TSelf Read(ref WireReader reader, short version);

    /// <summary>Writes the message.</summary>
    /// <exception cref="WireFormatException">A field has a value that the version cannot carry.</exception>
    void Write(ref WireWriter writer, short version);
}
