using LogQueue.Engine.Errors;
using LogQueue.Engine.Metadata;
using LogQueue.Engine.Opening;
using LogQueue.Engine.Topics;
using LogQueue.Records;
using LogQueue.Storage;
using LogQueue.Storage.Files;
using LogQueue.Storage.Journal;
using LogQueue.Storage.Partitions;
using LogQueue.Storage.Repair;

namespace LogQueue.Engine.Inspection;

/// <summary>
/// Repairs damaged partitions of a data directory that no engine has open. Damaged bytes are copied to <c>lost+found</c> first; the offsets
/// that are lost are never given out again: readers step over them. Thread-safe: the directory lock lets one in.
/// </summary>
public static class LogRepairer
{
    /// <summary>
    /// Reads every byte of the partitions and tells what is lost; with <paramref name="acceptLoss"/> makes that permanent.
    /// </summary>
    /// <param name="dataDirectory">The data directory.</param>
    /// <param name="partition">Directory name of the one partition to look at, such as <c>sensors-0</c>; null for all.</param>
    /// <param name="acceptLoss">False: only look.</param>
    /// <param name="cancellationToken">Ends it between two partitions.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such directory or partition.</exception>
    /// <exception cref="DataDirectoryException">The directory is in use, or its disk fails.</exception>
    public static IReadOnlyList<PartitionRepairResult> Run(
        string dataDirectory, string? partition = null, bool acceptLoss = false, CancellationToken cancellationToken = default) =>
        Run(DiskStorageDevice.Create(), dataDirectory, partition, acceptLoss, cancellationToken);

    internal static IReadOnlyList<PartitionRepairResult> Run(
        IStorageDevice device, string dataDirectory, string? partition, bool acceptLoss, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(dataDirectory);
        string path = Path.GetFullPath(dataDirectory);
        if (!device.DirectoryExists(path) || (partition is not null && !device.DirectoryExists(Path.Combine(path, partition))))
        {
            throw new DirectoryNotFoundException($"There is no directory {(partition is null ? path : Path.Combine(path, partition))}.");
        }

        try
        {
            using IDisposable locked = device.LockDirectory(path);
            JournalReplay.Run(device, path);
            var context = new PartitionLogContext
            {
                Device = device,
                TimeProvider = TimeProvider.System,
                Fence = new DirectoryFence(),
                CommitLog = new NoCommitLog(),
            };
            string[] names = partition is not null ? [partition]
                : [.. device.ListDirectories(path).Where(name => IsPartition(device, path, name))];
            var results = new List<PartitionRepairResult>();
            foreach (string name in names.OrderBy(static name => name != PartitionDirectory.Name(TopicName.ClusterMetadata, 0)))
            {
                cancellationToken.ThrowIfCancellationRequested();
                var repair = new PartitionRepair(context, Path.Combine(path, name), OptionsOf(context, path, name));
                results.Add(ToResult(name, repair.Run(acceptLoss), acceptLoss));
            }

            return results;
        }
        catch (StorageException e)
        {
            throw new DataDirectoryException(path, e.Error == StorageError.Locked
                ? $"Data directory '{path}' is in use: stop the broker or engine that has it open, then repair."
                : $"Data directory '{path}' cannot be repaired: {e.Message}", e);
        }
    }

    private static PartitionRepairResult ToResult(string name, RepairReport report, bool acceptLoss) => new(
        name, [.. report.Damage.Select(static d => new LostRange(d.FromOffset, d.ToOffset, d.ToPosition - d.FromPosition, d.What))],
        acceptLoss && report.Damage.Count > 0, report.Kept, report.LogStartOffset, report.LogEndOffset);

    private static bool IsPartition(IStorageDevice device, string dataDirectory, string name) =>
        PartitionDirectory.TryParse(name, out _, out _)
        && device.ListFiles(Path.Combine(dataDirectory, name))
            .Any(static file => SegmentFileName.TryParse(file, SegmentFileName.Log, out _));

    /// <summary>The settings that say how its log may look; those of a plain topic when the metadata log cannot be read.</summary>
    private static LogOptions OptionsOf(PartitionLogContext context, string dataDirectory, string name)
    {
        string metadata = PartitionDirectory.Name(TopicName.ClusterMetadata, 0);
        if (name == metadata || !PartitionDirectory.TryParse(name, out string topic, out _)
            || !context.Device.DirectoryExists(Path.Combine(dataDirectory, metadata)))
        {
            return MetadataLog.Options;
        }

        using PartitionLog log = PartitionLog.Open(
            context, Path.Combine(dataDirectory, metadata), new TopicPartition(TopicName.ClusterMetadata, 0), MetadataLog.Options, false);
        try
        {
            Catalogue catalogue = new MetadataLog(log, context.TimeProvider).Replay(context.Device);
            return new TopicConfig(catalogue.ConfigsOf(topic), new Dictionary<string, string>()).ToLogOptions();
        }
        catch (CorruptRecordException)
        {
            // The metadata log is damaged itself: it is in the list too, and what it says of this topic cannot be had.
            return MetadataLog.Options;
        }
    }

    /// <summary>Nothing is appended while a directory is repaired.</summary>
    private sealed class NoCommitLog : ICommitLog
    {
        public void Written(PartitionLog log, int bytes) => throw new InvalidOperationException("A repair appends nothing.");

        public void Demand(PartitionLog log) => throw new InvalidOperationException("A repair appends nothing.");

        public void Forget(string directory) => throw new InvalidOperationException("A repair cuts nothing.");
    }
}
