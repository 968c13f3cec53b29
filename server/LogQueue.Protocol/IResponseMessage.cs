using LogQueue.Wire;

namespace LogQueue.Protocol;

/// <summary>A response of the wire protocol; implemented by generated code.</summary>
/// <typeparam name="TSelf">The response itself.</typeparam>
public interface IResponseMessage<TSelf> : IWireMessage<TSelf>
    where TSelf : IResponseMessage<TSelf>
{
    /// <summary>The API it belongs to.</summary>
    static abstract ApiKey ApiKey { get; }
}
