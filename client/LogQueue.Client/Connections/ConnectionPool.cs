using System.Collections.Concurrent;

namespace LogQueue.Client.Connections;

/// <summary>
/// The connections of one owner (client, producer, consumer): one per broker and purpose, opened when first asked for and again, after a
/// pause that grows, when they fail. Thread-safe.
/// </summary>
internal sealed class ConnectionPool(ClientOptions options) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<(BrokerAddress Address, ConnectionUse Use), ConnectionSlot> _slots = new();
    private int _isDisposed;

    public ClientOptions Options => options;

    /// <summary>An open connection.</summary>
    /// <exception cref="KafkaException">It could not be opened.</exception>
    public ValueTask<BrokerConnection> GetAsync(BrokerAddress address, ConnectionUse use, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isDisposed != 0, this);
        if (options.AddressTranslation is { } translate)
        {
            (string host, int port) = translate(address.Host, address.Port);
            address = new BrokerAddress(host, port);
        }

        ConnectionSlot slot = _slots.GetOrAdd((address, use), static (key, o) => new ConnectionSlot(key.Address, o), options);
        return slot.GetAsync(cancellationToken);
    }

    /// <summary>Closes all; waiting requests fail.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
        {
            return;
        }

        foreach (ConnectionSlot slot in _slots.Values)
        {
            await slot.DisposeAsync().ConfigureAwait(false);
        }
    }
}
