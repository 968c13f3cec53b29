namespace LogQueue.Client.Connections;

/// <summary>
/// Keeps one connection open: whoever asks first after a failure opens the next, not before the pause is over. Thread-safe.
/// </summary>
internal sealed class ConnectionSlot(BrokerAddress address, ClientOptions options) : IAsyncDisposable
{
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly CancellationTokenSource _stop = new();
    private BrokerConnection? _current;
    private int _failures;
    private long _lastFailure;

    public ValueTask<BrokerConnection> GetAsync(CancellationToken cancellationToken)
    {
        BrokerConnection? current = Volatile.Read(ref _current);
        return current is { IsOpen: true } ? new ValueTask<BrokerConnection>(current) : OpenAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _gate.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            if (_current is not null)
            {
                await _current.DisposeAsync().ConfigureAwait(false);
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    private async ValueTask<BrokerConnection> OpenAsync(CancellationToken cancellationToken)
    {
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stop.Token);
        await _gate.WaitAsync(linked.Token).ConfigureAwait(false);
        try
        {
            if (_current is { IsOpen: true } open)
            {
                return open;
            }

            if (_current is { } broken)
            {
                _current = null;
                await broken.DisposeAsync().ConfigureAwait(false);
            }

            if (_failures > 0)
            {
                TimeSpan rest = Backoff.Of(options, _failures) - options.TimeProvider.GetElapsedTime(_lastFailure);
                if (rest > TimeSpan.Zero)
                {
                    await Task.Delay(rest, options.TimeProvider, linked.Token).ConfigureAwait(false);
                }
            }

            BrokerConnection connection = await BrokerConnection.OpenAsync(address, options, linked.Token).ConfigureAwait(false);
            _failures = 0;
            Volatile.Write(ref _current, connection);
            return connection;
        }
        catch (KafkaException)
        {
            _failures++;
            _lastFailure = options.TimeProvider.GetTimestamp();
            throw;
        }
        finally
        {
            _gate.Release();
        }
    }
}
