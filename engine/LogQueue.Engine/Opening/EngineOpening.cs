using System.Diagnostics;
using System.Globalization;
using LogQueue.Engine.Errors;
using LogQueue.Engine.Groups;
using LogQueue.Engine.Metadata;
using LogQueue.Engine.Partitions;
using LogQueue.Engine.Topics;
using LogQueue.Records;
using LogQueue.Storage;
using LogQueue.Storage.Files;
using LogQueue.Storage.Partitions;

namespace LogQueue.Engine.Opening;

/// <summary>The steps from a directory to a running engine. One use, one task.</summary>
internal sealed class EngineOpening(LogEngineOptions options)
{
    private readonly List<string> _damage = [];
    private long _scannedBytes;
    private long _cutBytes;
    /// <summary>From here on a start says how much lies in <c>lost+found</c>.</summary>
    internal const long MostLostBytes = 1L << 30;

    private int _rebuiltIndexes;
    private int _partitionCount;
    private IReadOnlyList<string> _adopted = [];
    private IReadOnlyList<string> _lost = [];

    /// <summary>The locked directory.</summary>
    public DataDirectory Directory { get; private set; } = null!;

    /// <summary>Who the directory is.</summary>
    public MetaProperties Meta { get; private set; } = null!;

    /// <summary>The metadata log.</summary>
    public MetadataLog Metadata { get; private set; } = null!;

    /// <summary>The topics, their logs open.</summary>
    public TopicRegistry Topics { get; private set; } = null!;

    /// <summary>Producer ids.</summary>
    public ProducerIds ProducerIds { get; private set; } = null!;

    /// <summary>Groups, loaded.</summary>
    public GroupOffsets GroupOffsets { get; private set; } = null!;

    /// <summary>What was found and done.</summary>
    public RecoverySummary Summary { get; private set; } = new();

    /// <summary>Runs all steps. When one fails everything opened so far is closed again, and the directory is unlocked.</summary>
    public async Task RunAsync(IStorageDevice device, CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        Directory = DataDirectory.Lock(options, device);
        try
        {
            await OpenLockedAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            Abandon();
            throw e is StorageException storage
                ? new DataDirectoryException(Directory.FullPath,
                    $"Data directory '{Directory.FullPath}' cannot be opened: {storage.Message}", storage)
                : e is AggregateException { InnerExceptions: [Exception only] } ? only : e;
        }

        Summary = new RecoverySummary
        {
            CleanShutdown = Directory.WasClean,
            PartitionCount = _partitionCount,
            ScannedBytes = _scannedBytes,
            CutBytes = _cutBytes,
            RestoredBytes = Directory.Journal.RestoredBytes,
            RebuiltIndexes = _rebuiltIndexes,
            ElapsedMs = (long)Stopwatch.GetElapsedTime(started).TotalMilliseconds,
            AdoptedTopics = _adopted,
            LostDirectories = _lost,
            Damage = _damage,
        };
        _damage.ForEach(line => options.DamageFound?.Invoke(line));
    }

    private async Task OpenLockedAsync(CancellationToken cancellationToken)
    {
        if (Directory.Journal.IsDamaged)
        {
            _damage.Add("the commit journal: what could be read of it was used, and its files were moved to lost+found");
        }

        Meta = MetaProperties.LoadOrCreate(Directory.Device, Directory.FullPath, options.NodeId);
        PartitionLog metadataLog = Directory.OpenLog(
            new TopicPartition(TopicName.ClusterMetadata, 0), MetadataLog.Options, MetadataLog.TopicId);
        Count(metadataLog);
        Metadata = new MetadataLog(metadataLog, options.TimeProvider);
        Catalogue catalogue = Metadata.Replay(Directory.Device);
        if (catalogue.FormatVersion > MetadataRecords.FormatVersion)
        {
            throw new DataDirectoryException(
                Directory.FullPath,
                $"Data directory '{Directory.FullPath}' has metadata of format {catalogue.FormatVersion}; this LogQueue reads up to "
                + $"{MetadataRecords.FormatVersion}. A newer LogQueue wrote it: use that, or another directory.");
        }

        bool isNew = catalogue.FormatVersion == 0;
        if (isNew)
        {
            catalogue = await AdoptAsync(catalogue).ConfigureAwait(false);
        }

        _lost = DirectoryReconciliation.Run(Directory, catalogue);
        Topics = new TopicRegistry(options, Directory, Metadata, Meta.NodeId, Meta.DirectoryId);
        foreach (TopicEntry entry in catalogue.Topics)
        {
            Topics.Register(entry, catalogue.ConfigsOf(entry.Name));
        }

        await OpenLogsAsync(cancellationToken).ConfigureAwait(false);
        long nextProducerId = catalogue.NextProducerId;
        if (isNew)
        {
            nextProducerId = await FinishNewAsync(nextProducerId).ConfigureAwait(false);
        }

        ProducerIds = new ProducerIds(Metadata, Meta.NodeId, nextProducerId);
        GroupOffsets = new GroupOffsets(options, Topics);
        await GroupOffsets.LoadAsync(cancellationToken).ConfigureAwait(false);
        Directory.ForgetMarker();
        Directory.CheckDiskSpace();
        WarnOfLostAndFound();
    }

    /// <summary>Nothing in it is ever deleted by us: a person has to look.</summary>
    private void WarnOfLostAndFound()
    {
        (int files, long bytes) = LostAndFound.Measure(Directory.Device, Directory.FullPath);
        if (LostAndFoundWarning(Directory.FullPath, files, bytes) is { } warning)
        {
            options.OnWarning?.Invoke(warning);
        }
    }

    internal static string? LostAndFoundWarning(string directory, int files, long bytes) => bytes < MostLostBytes ? null
        : string.Create(CultureInfo.InvariantCulture, $"'{Path.Combine(directory, LostAndFound.Name)}' holds {bytes} bytes in {files} files ")
            + "that no topic uses: what was cut, repaired away, or claimed by nobody. Nothing reads or deletes them: "
            + "look at them, and remove what you do not want.";

    /// <summary>
    /// Takes over what lies there; nothing in a new directory. After a crash before the end of the opening it is done again.
    /// </summary>
    private async Task<Catalogue> AdoptAsync(Catalogue catalogue)
    {
        List<MetadataChange> changes = KafkaAdoption.Find(Directory, catalogue, Meta.NodeId, Meta.DirectoryId, out List<string> adopted);
        _adopted = adopted;
        _damage.AddRange(KafkaAdoption.MissingPartitions(Directory, catalogue));
        KafkaCheckpoints.TakeOver(Directory.Device, Directory.FullPath);
        if (changes.Count == 0)
        {
            return catalogue;
        }

        await Metadata.AppendAsync(changes).ConfigureAwait(false);
        return Metadata.Replay(Directory.Device);
    }

    /// <summary>Makes the metadata log ours, and notes the first producer id that is free. Returns that id.</summary>
    private async Task<long> FinishNewAsync(long reserved)
    {
        long next = _adopted.Count == 0 ? reserved : FirstFreeProducerId(reserved) + KafkaAdoption.ProducerIdGap;
        List<MetadataChange> changes = [MetadataRecords.Format()];
        if (next > reserved)
        {
            changes.Add(MetadataRecords.ProducerIds(Meta.NodeId, next));
        }

        await Metadata.AppendAsync(changes).ConfigureAwait(false);
        return next;
    }

    private Task OpenLogsAsync(CancellationToken cancellationToken)
    {
        // Partitions get files with their first record: only those with a directory, or that had one, are looked at.
        HashSet<string> existing = [.. Directory.Device.ListDirectories(Directory.FullPath)];
        IEnumerable<Partition> partitions = Topics.Unordered.SelectMany(static topic => topic.Partitions).Where(partition =>
        {
            string name = PartitionDirectory.Name(partition.Id.Topic, partition.Id.Partition);
            return existing.Contains(name) || Directory.FindClean(name) is not null;
        });
        var parallel = new ParallelOptions
        {
            MaxDegreeOfParallelism = options.RecoveryThreads == 0 ? Environment.ProcessorCount : options.RecoveryThreads,
            CancellationToken = cancellationToken,
        };
        return Parallel.ForEachAsync(partitions, parallel, (partition, _) =>
        {
            if (!partition.Topic.IsInternal && Directory.FindUntouched(partition) is { } closed)
            {
                partition.Log.Adopt(closed);
                Interlocked.Increment(ref _partitionCount);
            }
            else
            {
                Count(partition.Log.Open());
            }

            return ValueTask.CompletedTask;
        });
    }

    private void Count(PartitionLog log)
    {
        RecoveryReport report = log.Recovery;
        Interlocked.Increment(ref _partitionCount);
        Interlocked.Add(ref _scannedBytes, report.ScannedBytes);
        Interlocked.Add(ref _cutBytes, report.CutBytes);
        Interlocked.Add(ref _rebuiltIndexes, report.RebuiltIndexes);
        if (report.Damage.Count > 0)
        {
            lock (_damage)
            {
                _damage.AddRange(report.Damage.Select(line => $"{log.Id.Topic}-{log.Id.Partition}: {line}"));
            }
        }
    }

    /// <summary>Kafka's metadata log tells it; without one, every log is asked.</summary>
    private long FirstFreeProducerId(long reserved) => reserved > 0 ? reserved :
        Topics.Unordered.SelectMany(static topic => topic.Partitions)
            .Where(static partition => partition.Log.Opened is not null)
            .Select(static partition => KafkaAdoption.NextProducerId(partition.Log.Opened!))
            .Append(reserved)
            .Max();

    /// <summary>Closes without a sync: what is on disk is what a crash here would leave.</summary>
    private void Abandon()
    {
        foreach (Partition partition in Topics?.Unordered.SelectMany(static topic => topic.Partitions) ?? [])
        {
            partition.Log.Opened?.Dispose();
        }

        Metadata?.Log.Dispose();
        Directory.Dispose();
    }
}
