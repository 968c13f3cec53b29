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
    private LogQueueClient()
    {
    }

    /// <summary>Topics, offsets, groups, configs.</summary>
    public AdminClient Admin => throw new NotSupportedException();

    /// <summary>Makes a client. It connects when it is first used.</summary>
    /// <param name="bootstrapServers">host:port of one or more brokers, separated by commas; the port defaults to 9092.</param>
    /// <param name="options">How to talk to the cluster; null for the defaults.</param>
    public static LogQueueClient Connect(string bootstrapServers, ClientOptions? options = null) => throw new NotSupportedException();

    /// <summary>Makes a producer with connections of its own. Dispose it before the client, or with it.</summary>
    public Producer CreateProducer(ProducerOptions? options = null) => throw new NotSupportedException();

    /// <summary>Makes a consumer with connections of its own. Dispose it before the client, or with it.</summary>
    public Consumer CreateConsumer(ConsumerOptions options) => throw new NotSupportedException();

    /// <summary>Sends one record by the client's shared producer (default options); completes when it is acknowledged.</summary>
    public ValueTask<RecordMetadata> SendAsync(string topic, string? key, ReadOnlyMemory<byte> value, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    /// <summary>Disposes its producers and consumers, then closes the connections; all within <see cref="ClientOptions.CloseTimeout"/> each.</summary>
    public ValueTask DisposeAsync() => throw new NotSupportedException();
}
