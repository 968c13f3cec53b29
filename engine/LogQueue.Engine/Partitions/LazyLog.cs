using System.Diagnostics.CodeAnalysis;
using LogQueue.Engine.Topics;
using LogQueue.Storage;
using LogQueue.Storage.Partitions;

namespace LogQueue.Engine.Partitions;

/// <summary>
/// The log of a partition, which is opened by its first use: a partition that was never written has no files, and one that was closed in
/// good order answers for its offsets from the summary of that time. Thread-safe.
/// </summary>
internal sealed class LazyLog(PartitionHost host, Partition partition)
{
    private readonly Lock _opening = new();
    private PartitionLog? _log;
    private LogSummary? _closed;
    private AppendStatus _refusal = AppendStatus.Appended;
    private volatile bool _isRetired;

    /// <summary>The log if it is open.</summary>
    public PartitionLog? Opened => Volatile.Read(ref _log);

    /// <summary>What the log was when the last engine closed in good order; null when that is not known.</summary>
    public LogSummary? Closed => Volatile.Read(ref _closed);

    /// <summary>True when no log is opened any more.</summary>
    public bool IsRetired => _isRetired;

    /// <summary>True when the partition was written once.</summary>
    public bool HasFiles => Opened is not null || Closed is not null;

    /// <summary>The log, opened and its directory created if this is the first need of it.</summary>
    /// <exception cref="LogOfflineException">The engine was closed or the partition deleted.</exception>
    /// <exception cref="StorageException">The disk failed.</exception>
    public PartitionLog Open()
    {
        if (Opened is { } open)
        {
            return open;
        }

        lock (_opening)
        {
            if (_log is { } openedMeanwhile)
            {
                return openedMeanwhile;
            }

            if (_refusal != AppendStatus.Appended)
            {
                string why = _refusal == AppendStatus.Deleted ? "it was deleted" : "its engine is closed, open the data directory again";
                throw new LogOfflineException($"Partition {partition.Id} takes nothing any more: {why}.");
            }

            TopicConfig config = partition.Topic.Config;
            PartitionLog log = host.OpenLog(partition, config.ToLogOptions());
            log.HighWatermarkAdvanced = partition.Watchers.Signal;
            Volatile.Write(ref _log, log);
            if (!ReferenceEquals(config, partition.Topic.Config))
            {
                // Changed after the look at it, by somebody who could not see the log yet.
                log.Reconfigure(partition.Topic.Config.ToLogOptions());
            }

            return log;
        }
    }

    /// <summary>As <see cref="Open"/>, with the answer for a client instead of an exception.</summary>
    public bool TryOpen([NotNullWhen(true)] out PartitionLog? log, out AppendResult refused)
    {
        refused = default;
        try
        {
            log = Open();
            return true;
        }
        catch (LogOfflineException e)
        {
            refused = AppendResult.Refused(_refusal, partition.LogStartOffset, e.Message);
        }
        catch (StorageException e)
        {
            // Nothing was promised yet, and the next use tries again.
            refused = AppendResult.Refused(
                e.Error switch
                {
                    StorageError.NoSpace => AppendStatus.DiskFull,
                    StorageError.TooManyFiles or StorageError.OutOfMemory => AppendStatus.OutOfResources,
                    _ => AppendStatus.Offline,
                },
                partition.LogStartOffset, e.Message);
        }

        log = null;
        return false;
    }

    /// <summary>The log for a question about its records; null when it has none, or cannot be opened.</summary>
    public PartitionLog? OpenForLookUp() => HasFiles && TryOpen(out PartitionLog? log, out _) ? log : null;

    /// <summary>The log, if it is open or upkeep may have something to do in it.</summary>
    public PartitionLog? OpenForUpkeep(DateTimeOffset now) =>
        Opened ?? (Closed?.NeedsUpkeep(partition.Topic.Config.ToLogOptions(), now.ToUnixTimeMilliseconds()) == true ? Open() : null);

    /// <summary>The log, if it is open or has sealed segments.</summary>
    public PartitionLog? OpenForScrub() => Opened ?? (Closed is { } c && c.SizeBytes > c.SegmentBytes ? OpenForLookUp() : null);

    /// <summary>Takes over what is known of the log since the last engine closed it.</summary>
    public void Adopt(LogSummary closed) => Volatile.Write(ref _closed, closed);

    /// <summary>From now on no log is opened any more. Returns the one that is open; its end is the caller's.</summary>
    public PartitionLog? Retire()
    {
        lock (_opening)
        {
            _refusal = AppendStatus.Offline;
            _isRetired = true;
            return _log;
        }
    }

    /// <summary>Deletes the files, if there are any, and opens no log any more.</summary>
    public void Delete()
    {
        lock (_opening)
        {
            _refusal = AppendStatus.Deleted;
            _isRetired = true;
            try
            {
                if (_log is null && _closed is not null)
                {
                    Volatile.Write(ref _log, host.OpenLog(partition, partition.Topic.Config.ToLogOptions()));
                }
            }
            catch (StorageException)
            {
                return; // the next start deletes the directory: its topic id is that of a removed topic
            }
        }

        _log?.Delete();
    }
}
