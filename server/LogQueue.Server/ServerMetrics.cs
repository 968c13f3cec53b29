using System.Diagnostics.Metrics;
using LogQueue.Protocol;

namespace LogQueue.Server;

/// <summary>Counters of a server, in the meter <c>LogQueue.Server</c>. Costs next to nothing while nobody listens. Thread-safe.</summary>
internal sealed class ServerMetrics : IDisposable
{
    private readonly Meter _meter = new("LogQueue.Server");
    private readonly Counter<long> _requests;
    private readonly Counter<long> _receivedBytes;
    private readonly Counter<long> _sentBytes;
    private readonly Counter<long> _accepted;
    private readonly Counter<long> _refused;
    private readonly Histogram<double> _durations;
    private long _requestCount;

    /// <summary>Creates the instruments.</summary>
    /// <param name="connections">Connections open now.</param>
    /// <param name="queuedBytes">Request bytes received and not yet applied.</param>
    public ServerMetrics(Func<int> connections, Func<long> queuedBytes)
    {
        _requests = _meter.CreateCounter<long>("logqueue.server.requests", "{request}", "Requests served, by API.");
        _receivedBytes = _meter.CreateCounter<long>("logqueue.server.received", "By", "Bytes of requests.");
        _sentBytes = _meter.CreateCounter<long>("logqueue.server.sent", "By", "Bytes of responses.");
        _accepted = _meter.CreateCounter<long>("logqueue.server.connections.accepted", "{connection}", "Connections accepted.");
        _refused = _meter.CreateCounter<long>(
            "logqueue.server.connections.refused", "{connection}", "Connections closed at once because of a limit.");
        _durations =
            _meter.CreateHistogram<double>("logqueue.server.request.duration", "s", "From request to response, waits included, by API.");
        _meter.CreateObservableGauge("logqueue.server.connections", connections, "{connection}", "Connections open now.");
        _meter.CreateObservableGauge("logqueue.server.queued", queuedBytes, "By", "Request bytes received and not yet applied.");
    }

    /// <summary>Requests served since the start.</summary>
    public long RequestCount => Volatile.Read(ref _requestCount);

    /// <summary>Counts a request whose response is ready.</summary>
    public void RequestServed(ApiKey key, int requestBytes, long responseBytes, TimeSpan duration)
    {
        Interlocked.Increment(ref _requestCount);
        _receivedBytes.Add(requestBytes);
        _sentBytes.Add(responseBytes);
        if (_requests.Enabled || _durations.Enabled)
        {
            var api = new KeyValuePair<string, object?>("api", key);
            _requests.Add(1, api);
            _durations.Record(duration.TotalSeconds, api);
        }
    }

    /// <summary>Counts an accepted connection.</summary>
    public void ConnectionAccepted() => _accepted.Add(1);

    /// <summary>Counts a connection closed because of a limit.</summary>
    public void ConnectionRefused() => _refused.Add(1);

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();
}
