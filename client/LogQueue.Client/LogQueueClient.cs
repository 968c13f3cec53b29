using System.Text;
using LogQueue.Client.Cluster;
using LogQueue.Client.Connections;

namespace LogQueue.Client;

/// <summary>
/// The way into a cluster: LogQueue or anything that speaks Kafka's protocol. Make one per application. Thread-safe.
/// <code>
/// await using var client = LogQueueClient.Connect("localhost:9092");
/// RecordMetadata where = await client.SendAsync("sensors", "pump-7", payload);
/// </code>
/// </summary>
public sealed class LogQueueClient : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly HashSet<IAsyncDisposable> _children = [];
    private readonly ConnectionPool _connections;
    private readonly ClusterView _cluster;
    private readonly ClusterView _adminCluster;
    private Producer? _shared;
    private bool _isDisposed;

    private LogQueueClient(BrokerAddress[] bootstrap, ClientOptions options)
    {
        _connections = new ConnectionPool(options);
        _cluster = new ClusterView(bootstrap, _connections);

        // A picture of its own: administration looks at many topics once, which producers and consumers need not follow.
        _adminCluster = new ClusterView(bootstrap, _connections);
        Admin = new AdminClient(_adminCluster);
    }

    /// <summary>Topics, offsets, groups, configs.</summary>
    public AdminClient Admin { get; }

    /// <summary>Makes a client. It connects when it is first used.</summary>
    /// <param name="bootstrapServers">host:port of one or more brokers, separated by commas; the port defaults to 9092.</param>
    /// <param name="options">How to talk to the cluster; null for the defaults.</param>
    /// <exception cref="ArgumentException">The servers or the options are not usable; the message lists every problem.</exception>
    public static LogQueueClient Connect(string bootstrapServers, ClientOptions? options = null)
    {
        options ??= new ClientOptions();
        Check(options.Validate(), nameof(options));
        return new LogQueueClient(BrokerAddress.ParseList(bootstrapServers), options);
    }

    /// <summary>Makes a producer with connections of its own. Dispose it before the client, or with it.</summary>
    /// <exception cref="ArgumentException">The options are not usable; the message lists every problem.</exception>
    public Producer CreateProducer(ProducerOptions? options = null)
    {
        options ??= new ProducerOptions();
        Check(options.Validate(), nameof(options));
        return Add(() => new Producer(options, _cluster, Forget));
    }

    /// <summary>Makes a consumer with connections of its own. Dispose it before the client, or with it.</summary>
    /// <exception cref="ArgumentException">The options are not usable; the message lists every problem.</exception>
    public Consumer CreateConsumer(ConsumerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        Check(options.Validate(), nameof(options));
        return Add(() => new Consumer(options, _cluster, Forget));
    }

    /// <summary>Sends one record by the client's shared producer (default options); completes when it is acknowledged.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="key">The key as text; null for none.</param>
    /// <param name="value">The payload.</param>
    /// <param name="cancellationToken">Stops waiting for space.</param>
    /// <exception cref="KafkaException">It was not stored.</exception>
    public ValueTask<RecordMetadata> SendAsync(
        string topic, string? key, ReadOnlyMemory<byte> value, CancellationToken cancellationToken = default)
    {
        Producer producer;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            producer = _shared ??= CreateProducer();
        }

        ReadOnlyMemory<byte>? keyBytes = key is null ? default(ReadOnlyMemory<byte>?) : Encoding.UTF8.GetBytes(key);
        return producer.SendAsync(new OutgoingRecord(topic, keyBytes, value), cancellationToken);
    }

    /// <summary>
    /// Disposes its producers and consumers, then closes the connections; all within <see cref="ClientOptions.CloseTimeout"/> each.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        IAsyncDisposable[] children;
        lock (_lock)
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
            children = [.. _children];
        }

        await Task.WhenAll(children.Select(static child => child.DisposeAsync().AsTask())).ConfigureAwait(false);
        await _cluster.DisposeAsync().ConfigureAwait(false);
        await _adminCluster.DisposeAsync().ConfigureAwait(false);
        await _connections.DisposeAsync().ConfigureAwait(false);
    }

    private static void Check(IReadOnlyList<string> problems, string name)
    {
        if (problems.Count > 0)
        {
            throw new ArgumentException(string.Join(' ', problems), name);
        }
    }

    private T Add<T>(Func<T> make)
        where T : IAsyncDisposable
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            T child = make();
            _children.Add(child);
            return child;
        }
    }

    private void Forget(IAsyncDisposable child)
    {
        lock (_lock)
        {
            _children.Remove(child);
        }
    }
}
