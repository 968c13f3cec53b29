using System.Diagnostics.CodeAnalysis;
using LogQueue.Engine.Diagnostics;
using LogQueue.Engine.Errors;
using LogQueue.Engine.Groups;
using LogQueue.Engine.Maintenance;
using LogQueue.Engine.Opening;
using LogQueue.Engine.Partitions;
using LogQueue.Engine.Topics;
using LogQueue.Records;
using LogQueue.Storage;
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
    private readonly CleanerLoop _cleaner;
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
        _cleaner = new CleanerLoop(_directory, _topics, options);
        _directory.Metrics.Observe(new EngineGauges(_directory, _topics, _metadata.Log, Recovery.ElapsedMs));
        _directory.Metrics.MeasureDamage(
            () => AllLogs.Sum(static log => log.Damage.Count), () => _maintenance.Scrubber.ScrubbedBytes,
            () => _maintenance.Scrubber.LastRoundMs);
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

    /// <summary>Bytes of the segments of all topics.</summary>
    public long SizeBytes => AllPartitions.Sum(static partition => partition.SizeBytes);

    /// <summary>True once the data directory is fenced after a disk error: reads go on, nothing more is written.</summary>
    public bool IsOffline => _directory.Fence.IsTripped;

    /// <summary>Open files: the limit, how it is shared out, and how many are open now.</summary>
    public OpenFileLimits OpenFiles => _directory.OpenFiles;

    /// <summary>Compacted partitions that are no longer cleaned because of damage, and what is wrong; empty when all is well.</summary>
    public IReadOnlyDictionary<TopicPartition, string> UncleanablePartitions => _cleaner.Uncleanable;

    /// <summary>Completes with the cause when the directory is fenced; never faults.</summary>
    public Task<Exception> Offline => _directory.Fence.Tripped;

    private IEnumerable<Partition> AllPartitions => _topics.Unordered.SelectMany(static topic => topic.Partitions);

    private IEnumerable<PartitionLog> AllLogs =>
        AllPartitions.Select(static partition => partition.Log.Opened).OfType<PartitionLog>().Append(_metadata.Log);

    /// <summary>What is damaged now, in words, with the partition; empty when nothing is. Reads of these offsets are refused.</summary>
    public IReadOnlyList<string> Damage =>
        [.. AllLogs.SelectMany(static log => log.Damage.Select(range => $"{PartitionDirectory.Name(log.Id.Topic, log.Id.Partition)}: {range}"))];

    /// <summary>Opens the directory, recovers every partition and starts the commit thread and maintenance.</summary>
    /// <exception cref="ArgumentException">The options are wrong; the message lists every problem.</exception>
    /// <exception cref="DataDirectoryException">The directory is in use, cannot be written, or is of a newer version.</exception>
    public static Task<LogEngine> OpenAsync(LogEngineOptions options, CancellationToken cancellationToken = default) =>
        OpenAsync(options, DiskStorageDevice.Create(), cancellationToken);

    /// <summary>Finds a topic by name.</summary>
    public bool TryGetTopic(string name, [NotNullWhen(true)] out Topic? topic) => _topics.TryGet(name, out topic);

    /// <summary>Finds a topic by id.</summary>
    public bool TryGetTopic(Guid topicId, [NotNullWhen(true)] out Topic? topic) => _topics.TryGet(topicId, out topic);

    /// <summary>The topic of a name.</summary>
    /// <exception cref="TopicNotFoundException">There is none.</exception>
    public Topic GetTopic(string name) => TryGetTopic(name, out Topic? topic) ? topic : throw new TopicNotFoundException(name);

    /// <summary>Finds a topic, or creates it when there is none: for programs that start again on the same directory.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="partitionCount">As for <see cref="CreateTopicAsync"/>; an existing topic stays as it is.</param>
    /// <param name="configs">As for <see cref="CreateTopicAsync"/>; an existing topic stays as it is.</param>
    /// <param name="cancellationToken">Ends the wait for other changes; a change that has begun is finished.</param>
    public async Task<Topic> GetOrCreateTopicAsync(
        string name, int partitionCount = -1, IReadOnlyDictionary<string, string>? configs = null,
        CancellationToken cancellationToken = default)
    {
        while (true)
        {
            if (TryGetTopic(name, out Topic? topic))
            {
                return topic;
            }

            try
            {
                return await CreateTopicAsync(name, partitionCount, configs, cancellationToken).ConfigureAwait(false);
            }
            catch (TopicExistsException)
            {
                // Another caller was quicker; look again, for it may be deleted by now.
            }
        }
    }

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
        name, topic => GroupOffsets.RemoveTopicAsync(topic.Name), cancellationToken);

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
        _topics.SetConfigsAsync(name, _ => fullSet, cancellationToken);

    /// <summary>Changes some of a topic's own settings and leaves the others; null takes one back to its default.</summary>
    /// <exception cref="TopicNotFoundException">There is none.</exception>
    /// <exception cref="InvalidTopicConfigException">A setting is unknown or has a bad value; nothing changed.</exception>
    public Task ChangeTopicConfigsAsync(
        string name, IReadOnlyDictionary<string, string?> changes, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(changes);
        return _topics.SetConfigsAsync(name, before => Changed(before, changes), cancellationToken);
    }

    /// <summary>
    /// Syncs what was appended to any partition so far, whatever the durability: when it returns a power cut takes none of it.
    /// </summary>
    /// <exception cref="LogOfflineException">The data directory is fenced, or the engine closed.</exception>
    public async Task FlushAsync(CancellationToken cancellationToken = default)
    {
        // All are asked before the first is waited for: one group sync serves them all.
        ValueTask[] flushes = [.. AllPartitions.Select(partition => partition.FlushAsync(cancellationToken))];
        foreach (ValueTask flush in flushes)
        {
            await flush.ConfigureAwait(false);
        }
    }

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
        engine._cleaner.Start();
        return engine;
    }

    /// <summary>One round of maintenance, now.</summary>
    internal Task MaintainAsync() => _maintenance.RunOnceAsync();

    /// <summary>Cleans every compacted partition that is due, now; returns how many.</summary>
    internal Task<int> CleanAsync() => _cleaner.RunOnceAsync();

    private static Dictionary<string, string> Changed(
        IReadOnlyDictionary<string, string> before, IReadOnlyDictionary<string, string?> changes)
    {
        var after = new Dictionary<string, string>(before, StringComparer.Ordinal);
        foreach ((string key, string? value) in changes)
        {
            if (!TopicConfigKeys.TryGet(key, out _))
            {
                throw new InvalidTopicConfigException(key, TopicConfigKeys.Check(key, value ?? "")!, TopicConfigKeys.Nearest(key));
            }

            if (value is null)
            {
                after.Remove(key);
            }
            else
            {
                after[key] = value;
            }
        }

        return after;
    }

    private async Task CloseOnceAsync()
    {
        await _cleaner.StopAsync().ConfigureAwait(false);
        await _maintenance.StopAsync().ConfigureAwait(false);
        await _topics.StopAsync().ConfigureAwait(false);
        try
        {
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
        }
        finally
        {
            _maintenance.Dispose();
            _cleaner.Dispose();
            _directory.Dispose();
        }
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
