using LogQueue.Client;
using LogQueue.Client.Admin;
using LogQueue.Records;
using LogQueue.Streams.Runtime;

namespace LogQueue.Streams;

/// <summary>
/// Runs a topology against a broker. Instances with the same application id share the partitions. State is in memory and is folded again
/// from the log after a restart or a rebalance: committed is the offset from which every open window can be rebuilt, together with stream
/// time, so that closed windows stay closed. Results reach topics and code at least once. Thread-safe.
/// </summary>
public sealed class StreamApp : IAsyncDisposable
{
    private readonly LogQueueClient _client;
    private readonly StreamTopology _topology;
    private readonly StreamOptions _options;
    private readonly CancellationTokenSource _stop = new();
    private readonly Consumer _consumer;
    private readonly Producer _producer;
    private readonly ProducerOutput _output;
    private readonly TaskTable _tasks;
    private Task _running = Task.CompletedTask;
    private long _recordCount;
    private int _isDisposed;

    private StreamApp(LogQueueClient client, StreamTopology topology, StreamOptions options)
    {
        _client = client;
        _topology = topology;
        _options = options;
        _producer = client.CreateProducer();
        _output = new ProducerOutput(_producer);
        _tasks = new TaskTable(topology, _output);
        _consumer = client.CreateConsumer(new ConsumerOptions
        {
            Group = topology.ApplicationId,
            Topics = topology.Topics,
            Start = StartPosition.Beginning,
            AutoCommit = false,
            StopAtEnd = options.StopAtEnd,
            RebalanceListener = new Rebalance(this),
        });
    }

    /// <summary>Ends when the application stops; fails with what a step or the broker threw.</summary>
    public Task Completion => _running;

    /// <summary>Records processed so far.</summary>
    public long RecordCount => Interlocked.Read(ref _recordCount);

    /// <summary>Records that came after their window had closed.</summary>
    public long LateCount => _tasks.LateCount;

    /// <summary>Starts a topology.</summary>
    /// <param name="client">Connected client; stays the caller's.</param>
    /// <param name="topology">What to run.</param>
    /// <param name="options">How to run it.</param>
    public static StreamApp Start(LogQueueClient client, StreamTopology topology, StreamOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(topology);
        var app = new StreamApp(client, topology, options ?? new StreamOptions());
        app._running = Task.Run(app.RunAsync);
        return app;
    }

    /// <summary>Stops, commits what was done and leaves the group.</summary>
    public async Task StopAsync()
    {
        try
        {
            await _stop.CancelAsync().ConfigureAwait(false);
        }
        catch (ObjectDisposedException)
        {
            // Disposed: stopped long ago.
        }

        await ((Task)_running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
        {
            return;
        }

        await StopAsync().ConfigureAwait(false);
        await _consumer.DisposeAsync().ConfigureAwait(false);
        await _producer.DisposeAsync().ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        long lastCommit = _options.TimeProvider.GetTimestamp();
        try
        {
            IAsyncEnumerable<IReadOnlyList<ConsumedRecord>> batches = _consumer.ReadBatchesAsync(cancellationToken: _stop.Token);
            await foreach (IReadOnlyList<ConsumedRecord> batch in batches.ConfigureAwait(false))
            {
                await _tasks.ProcessAsync(batch).ConfigureAwait(false);
                Interlocked.Add(ref _recordCount, batch.Count);
                if (_options.TimeProvider.GetElapsedTime(lastCommit) >= _options.CommitInterval)
                {
                    await CommitAsync(_stop.Token).ConfigureAwait(false);
                    lastCommit = _options.TimeProvider.GetTimestamp();
                }
            }

            if (_options.StopAtEnd)
            {
                await _tasks.CloseWindowsAsync().ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Asked to stop: what was processed is committed below.
        }

        await CommitAsync(CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>Results first, positions second: a crash between the two repeats results, it never loses one.</summary>
    private async Task CommitAsync(CancellationToken cancellationToken)
    {
        await _output.FlushAsync(cancellationToken).ConfigureAwait(false);
        IReadOnlyDictionary<TopicPartition, TaskPosition> positions = _tasks.Positions();
        if (positions.Count > 0)
        {
            await _consumer.CommitAsync(
                positions.ToDictionary(static p => p.Key, static p => p.Value.SafeOffset),
                positions.ToDictionary(static p => p.Key, static p => p.Value.ToMetadata()),
                cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task AssignAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellationToken)
    {
        IReadOnlyDictionary<TopicPartition, GroupOffset> committed =
            await _client.Admin.ListGroupOffsetsAsync(_topology.ApplicationId, cancellationToken).ConfigureAwait(false);
        foreach (TopicPartition partition in partitions)
        {
            _tasks.Assign(partition, committed.TryGetValue(partition, out GroupOffset? offset)
                ? TaskPosition.From(offset.Offset, offset.Metadata) : null);
        }
    }

    /// <summary>
    /// Makes and drops tasks as the group gives and takes partitions. Called by the consumer, never while a batch is processed.
    /// </summary>
    private sealed class Rebalance(StreamApp app) : IRebalanceListener
    {
        public async ValueTask OnAssignedAsync(Consumer consumer, IReadOnlyList<TopicPartition> partitions,
            CancellationToken cancellationToken) =>
            await app.AssignAsync(partitions, cancellationToken).ConfigureAwait(false);

        public async ValueTask OnRevokedAsync(Consumer consumer, IReadOnlyList<TopicPartition> partitions,
            CancellationToken cancellationToken)
        {
            await app._tasks.PauseAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                await app.CommitAsync(cancellationToken).ConfigureAwait(false);
                app._tasks.Drop(partitions);
            }
            finally
            {
                app._tasks.Resume();
            }
        }

        public ValueTask OnLostAsync(Consumer consumer, IReadOnlyList<TopicPartition> partitions, CancellationToken cancellationToken)
        {
            app._tasks.Drop(partitions);
            return ValueTask.CompletedTask;
        }
    }
}
