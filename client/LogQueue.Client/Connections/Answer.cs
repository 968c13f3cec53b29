using LogQueue.Wire.Memory;

namespace LogQueue.Client.Connections;

/// <summary>A decoded answer with the frame that its memory lies in: valid until disposed.</summary>
internal readonly struct Answer<TResponse>(TResponse message, short version, PooledBuffer? frame) : IDisposable
{
    public TResponse Message { get; } = message;

    /// <summary>The version of the exchange.</summary>
    public short Version { get; } = version;

    public void Dispose() => frame?.Dispose();
}
