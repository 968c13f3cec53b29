using System.Diagnostics.CodeAnalysis;
using LogQueue.Engine.Errors;
using LogQueue.Engine.Groups;
using LogQueue.Engine.Maintenance;
using LogQueue.Engine.Opening;
using LogQueue.Engine.Partitions;
using LogQueue.Engine.Topics;
using LogQueue.Storage.Files;
using LogQueue.Storage.Partitions;

namespace LogQueue.Engine;

/// <summary>
/// An embeddable log engine over one data directory: topics, partitions, committed offsets of groups, producer ids.
/// Several engines may live in one process, each with its own directory. Thread-safe.
/// </summary>
public sealed class LogEngine : IAsyncDisposable
{
    /// <summary>Syncs in flight while closing: syncs of several files share the file system's journal.</summary>
    private const int ClosedAtOnce = 8;

    private readonly DataDirectory _directory;
    private readonly MetaProperties _meta;
    private readonly Metadata.MetadataLog _metadata;
    private readonly TopicRegistry _topics;
    private readonly ProducerIds _producerIds;
    private readonly MaintenanceLoop _maintenance;
    private readonly Lock _closing = new();
    private Task? _closed;

    private LogEngine(LogEngineOptions options, EngineOpening opened)
    {
        Options = options;
        Recovery = opened.Summary;
        GroupOffsets = opened.GroupOffsets;
        _directory = opened.Directory;
        _meta = opened.Meta;
        _metadata = opened.Metadata;
        _topics = opened.Topics;
        _producerIds = opened.ProducerIds;
        _maintenance = new MaintenanceLoop(_directory, _topics, GroupOffsets, options);
        _directory.MeasureDiskBytes(() => _metadata.Log.SizeBytes + AllPartitions.Sum(static partition => partition.SizeBytes));
    }

    /// <summary>The options it was opened with.</summary>
    public LogEngineOptions Options { get; }

    /// <summary>The cluster id: 22 characters, made at the first open, kept in <c>meta.properties</c>.</summary>
    public string ClusterId => _meta.ClusterId;

    /// <summary>The node id of <c>meta.properties</c>.</summary>
    public int NodeId => _meta.NodeId;

    /// <summary>What opening found and did.</summary>
    public RecoverySummary Recovery { get; }

    /// <summary>All topics by name, internal ones included; a snapshot.</summary>
    public IReadOnlyList<Topic> Topics => _topics.All;

    /// <summary>Committed offsets of groups.</summary>
    public GroupOffsets GroupOffsets { get; }

    /// <summary>True once the data directory is fenced after a disk error: reads go on, nothing more is written.</summary>
    public bool IsOffline => _directory.Fence.IsTripped;

    /// <summary>Completes with the cause when the directory is fenced; never faults.</summary>
    public Task<Exception> Offline => _directory.Fence.Tripped;

    private IEnumerable<Partition> AllPartitions => _topics.Unordered.SelectMany(static topic => topic.Partitions);

    /// <summary>Opens the directory, recovers every partition and starts the commit thread and maintenance.</summary>
    /// <exception cref="ArgumentException">The options are wrong; the message lists every problem.</exception>
    /// <exception cref="DataDirectoryException">The directory is in use, cannot be written, or is of a newer version.</exception>
    public static Task<LogEngine> OpenAsync(LogEngineOptions options, CancellationToken cancellationToken = default) =>
        OpenAsync(options, DiskStorageDevice.Create(), cancellationToken);

    /// <summary>Finds a topic by name.</summary>
    public bool TryGetTopic(string name, [NotNullWhen(true)] out Topic? topic) => _topics.TryGet(name, out topic);

    /// <summary>Finds a topic by id.</summary>
    public bool TryGetTopic(Guid topicId, [NotNullWhen(true)] out Topic? topic) => _topics.TryGet(topicId, out topic);

    /// <summary>Creates a topic; durable when it returns.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="partitionCount">Its partitions; -1 for <see cref="LogEngineOptions.DefaultPartitionCount"/>.</param>
    /// <param name="configs">Its own settings (<see cref="TopicConfigKeys"/>); null for none.</param>
    /// <param name="cancellationToken">Ends the wait for other changes; a change that has begun is finished.</param>
    /// <exception cref="InvalidTopicNameException">The name is not allowed.</exception>
    /// <exception cref="TopicExistsException">There is one.</exception>
    /// <exception cref="InvalidPartitionCountException">The number of partitions is not possible.</exception>
    /// <exception cref="InvalidTopicConfigException">A setting is unknown or has a bad value.</exception>
    public Task<Topic> CreateTopicAsync(
        string name, int partitionCount = -1, IReadOnlyDictionary<string, string>? configs = null, CancellationToken cancellationToken =
            default) =>
        _topics.CreateAsync(name, partitionCount, configs, cancellationToken);

    /// <summary>Checks what <see cref="CreateTopicAsync"/> checks, throws as it does, and creates nothing.</summary>
    public void ValidateNewTopic(string name, int partitionCount = -1, IReadOnlyDictionary<string, string>? configs = null) =>
        _topics.ValidateNew(name, partitionCount, configs);

    /// <summary>
    /// Deletes a topic, its records and its committed offsets; durable when it returns. Readers that lease its files finish.
    /// </summary>
    /// <exception cref="TopicNotFoundException">There is none.</exception>
    public Task DeleteTopicAsync(string name, CancellationToken cancellationToken = default) => _topics.DeleteAsync(
        name,
        topic =>
        {
            _directory.Forget(topic.Partitions.Count(static partition => partition.Log.HasFiles));
            return GroupOffsets.RemoveTopicAsync(topic.Name);
        },
        cancellationToken);

    /// <summary>Grows a topic to a new total of partitions; durable when it returns.</summary>
    /// <exception cref="TopicNotFoundException">There is none.</exception>
    /// <exception cref="InvalidPartitionCountException">The total is not larger than the present one, or too large.</exception>
    public Task AddPartitionsAsync(string name, int newTotal, CancellationToken cancellationToken = default) =>
        _topics.AddPartitionsAsync(name, newTotal, cancellationToken);

    /// <summary>
    /// Replaces a topic's own settings; those left out fall back to their defaults. They apply at once and are durable when it returns.
    /// </summary>
    /// <exception cref="TopicNotFoundException">There is none.</exception>
    /// <exception cref="InvalidTopicConfigException">A setting is unknown or has a bad value; nothing changed.</exception>
    public Task SetTopicConfigsAsync(string name, IReadOnlyDictionary<string, string> fullSet, CancellationToken cancellationToken =
        default) =>
        _topics.SetConfigsAsync(name, fullSet, cancellationToken);

    /// <summary>A producer id that was never given out before, over restarts too.</summary>
    public Task<long> AllocateProducerIdAsync(CancellationToken cancellationToken = default) =>
        _producerIds.AllocateAsync(cancellationToken);

    /// <summary>Syncs and closes everything and marks the directory clean. Idempotent.</summary>
    public Task CloseAsync()
    {
        lock (_closing)
        {
            return _closed ??= CloseOnceAsync();
        }
    }

    /// <summary>Same as <see cref="CloseAsync"/>.</summary>
    public ValueTask DisposeAsync() => new(CloseAsync());

    internal static async Task<LogEngine> OpenAsync(LogEngineOptions options, IStorageDevice device, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Validate() is { Count: > 0 } problems)
        {
            throw new ArgumentException(string.Join(" ", problems), nameof(options));
        }

        var opening = new EngineOpening(options);
        await Task.Run(() => opening.RunAsync(device, cancellationToken), cancellationToken).ConfigureAwait(false);
        var engine = new LogEngine(options, opening);
        engine._maintenance.Start();
        return engine;
    }

    /// <summary>One round of maintenance, now.</summary>
    internal Task MaintainAsync() => _maintenance.RunOnceAsync();

    private async Task CloseOnceAsync()
    {
        await _maintenance.StopAsync().ConfigureAwait(false);
        await _topics.StopAsync().ConfigureAwait(false);
        bool good = true;
        var closed = new SortedDictionary<string, LogSummary>(StringComparer.Ordinal);
        PartitionLog[] open = [.. AllPartitions.Select(static partition => partition.Log.Retire()).OfType<PartitionLog>()];
        await Parallel.ForEachAsync(open, new ParallelOptions { MaxDegreeOfParallelism = ClosedAtOnce }, async (log, _) =>
        {
            if (!await CloseLogAsync(log).ConfigureAwait(false))
            {
                Volatile.Write(ref good, false);
            }
        }).ConfigureAwait(false);
        foreach (Partition partition in AllPartitions)
        {
            PartitionLog? log = partition.Log.Opened;
            if ((log?.Summarize() ?? partition.Log.Closed) is { } summary)
            {
                closed[PartitionDirectory.Name(partition.Id.Topic, partition.Id.Partition)] = summary;
            }
        }

        good &= await CloseLogAsync(_metadata.Log).ConfigureAwait(false);
        closed[PartitionDirectory.Name(_metadata.Log.Id.Topic, _metadata.Log.Id.Partition)] = _metadata.Log.Summarize();

        foreach (Partition partition in AllPartitions)
        {
            partition.Watchers.Signal();
        }

        if (good && !IsOffline)
        {
            _directory.DeleteJournal();
            CleanShutdownMarker.Write(_directory.Device, _directory.FullPath, closed);
        }

        _maintenance.Dispose();
        _producerIds.Dispose();
        _directory.Dispose();
    }

    private static async Task<bool> CloseLogAsync(PartitionLog log)
    {
        try
        {
            await log.CloseAsync().ConfigureAwait(false);
            return true;
        }
        catch (IOException)
        {
            // A failing disk must not keep the other logs from closing; without the clean marker the next open scans.
            log.Dispose();
            return false;
        }
    }
}
