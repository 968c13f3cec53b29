using LogQueue.Wire;

namespace LogQueue.Protocol;

/// <summary>A request of the wire protocol; implemented by generated code.</summary>
/// <typeparam name="TSelf">The request itself.</typeparam>
public interface IRequestMessage<TSelf> : IWireMessage<TSelf>
    where TSelf : IRequestMessage<TSelf>
{
    /// <summary>The API it belongs to.</summary>
    static abstract ApiKey ApiKey { get; }
}
