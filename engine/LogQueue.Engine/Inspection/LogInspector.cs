using System.Globalization;

namespace LogQueue.Engine.Inspection;

/// <summary>
/// Looks into the files of a data directory without an engine: checks them, counts them, reads their records. Reads only; safe beside a
/// running broker, whose newest segment it then sees as far as it is written. Thread-safe.
/// </summary>
public static class LogInspector
{
    /// <summary>The partition directories at or below a path: the path itself when it holds segments, else its children that do.</summary>
    /// <exception cref="DirectoryNotFoundException">There is no such directory.</exception>
    public static IReadOnlyList<string> FindPartitions(string directory)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(directory);
        if (!Directory.Exists(directory))
        {
            throw new DirectoryNotFoundException($"There is no directory {directory}.");
        }

        return HasSegments(directory)
            ? [directory]
            : [.. Directory.EnumerateDirectories(directory).Where(HasSegments).Order(StringComparer.Ordinal)];
    }

    /// <summary>Checks one partition: every batch, its seals, its indexes and the small files beside them.</summary>
    /// <param name="partitionDirectory">A directory with <c>.log</c> files.</param>
    /// <param name="progress">Told the bytes read so far; may be null.</param>
    /// <param name="cancellationToken">Ends the check early.</param>
    public static PartitionInspection Verify(string partitionDirectory, InspectionProgress? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(partitionDirectory);
        return new PartitionCheck(partitionDirectory, progress).Run(cancellationToken);
    }

    /// <summary>Checks partitions, several at a time; the results come in the order of the directories.</summary>
    /// <param name="partitionDirectories">Directories with <c>.log</c> files.</param>
    /// <param name="progress">Told the bytes read so far; may be null.</param>
    /// <param name="threads">Partitions at a time; 0 for the number of processors. Each takes about 1 MiB of memory.</param>
    /// <param name="cancellationToken">Ends the check early.</param>
    public static Task<IReadOnlyList<PartitionInspection>> VerifyAsync(IReadOnlyList<string> partitionDirectories,
        InspectionProgress? progress = null, int threads = 0, CancellationToken cancellationToken = default) =>
        ForAllAsync(partitionDirectories, progress, threads, static (directory, p, ct) => Verify(directory, p, ct), cancellationToken);

    /// <summary>Counts the records of partitions, several at a time; the results come in the order of the directories.</summary>
    /// <param name="partitionDirectories">Directories with <c>.log</c> files.</param>
    /// <param name="progress">Told the bytes read so far; may be null.</param>
    /// <param name="threads">Partitions at a time; 0 for the number of processors.</param>
    /// <param name="cancellationToken">Ends the count early.</param>
    public static Task<IReadOnlyList<PartitionStatistics>> MeasureAsync(IReadOnlyList<string> partitionDirectories,
        InspectionProgress? progress = null, int threads = 0, CancellationToken cancellationToken = default) =>
        ForAllAsync(partitionDirectories, progress, threads, static (directory, p, ct) => new StatisticsCount().Run(directory, p, ct),
            cancellationToken);

    /// <summary>
    /// Reads and checksums all log files and looks at nothing: the rate that <see cref="VerifyAsync"/> is measured against. Returns the bytes.
    /// </summary>
    /// <param name="partitionDirectories">Directories with <c>.log</c> files.</param>
    /// <param name="progress">Told the bytes read so far; may be null.</param>
    /// <param name="threads">Partitions at a time; 0 for the number of processors.</param>
    /// <param name="cancellationToken">Ends it early.</param>
    public static async Task<long> ChecksumAsync(IReadOnlyList<string> partitionDirectories, InspectionProgress? progress = null,
        int threads = 0, CancellationToken cancellationToken = default)
    {
        IReadOnlyList<long> bytes = await ForAllAsync(partitionDirectories, progress, threads, static (directory, p, ct) =>
            Segments(directory).Sum(path => BatchStream.Checksum(path, p, ct)), cancellationToken).ConfigureAwait(false);
        return bytes.Sum();
    }

    /// <summary>The records of one <c>.log</c> file, or of all of a partition directory, in order.</summary>
    /// <param name="path">A directory with <c>.log</c> files, or one of them.</param>
    /// <param name="query">Which records; null for all.</param>
    /// <exception cref="Records.CorruptRecordException">Something is damaged, and the query does not ask to be told instead.</exception>
    public static IEnumerable<RecordInspection> Records(string path, RecordQuery? query = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        string[] segments = File.Exists(path) ? [path] : [.. Segments(path)];
        query?.Progress?.Expect(segments.Sum(static file => new FileInfo(file).Length));
        return RecordWalk.Run(segments, query ?? new RecordQuery());
    }

    /// <summary>The batches of one <c>.log</c> file, or of all of a partition directory, in order.</summary>
    public static IEnumerable<BatchInspection> Batches(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        foreach (string segment in File.Exists(path) ? [path] : Segments(path))
        {
            using var reader = new SegmentBatchReader(segment);
            while (reader.MoveNext())
            {
                yield return reader.Current;
            }
        }
    }

    /// <summary>The <c>.log</c> files of a partition directory, in order.</summary>
    internal static IEnumerable<string> Segments(string directory) => Directory.EnumerateFiles(directory, "*.log")
        .Where(static f => Path.GetFileNameWithoutExtension(f) is { Length: 20 } name && name.All(char.IsAsciiDigit))
        .Order(StringComparer.Ordinal);

    /// <summary>The base offset that a segment's name says; 0 for a file of another name.</summary>
    internal static long BaseOffset(string segmentPath) => long.TryParse(
        Path.GetFileNameWithoutExtension(segmentPath), NumberStyles.None, CultureInfo.InvariantCulture, out long offset) ? offset : 0;

    private static bool HasSegments(string directory) => Segments(directory).Any();

    private static async Task<IReadOnlyList<T>> ForAllAsync<T>(IReadOnlyList<string> directories, InspectionProgress? progress, int threads,
        Func<string, InspectionProgress?, CancellationToken, T> inspect, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(directories);
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        progress?.Expect(directories.SelectMany(Segments).Sum(static file => new FileInfo(file).Length));
        var results = new T[directories.Count];
        var parallel = new ParallelOptions
        {
            MaxDegreeOfParallelism = threads == 0 ? Environment.ProcessorCount : threads,
            CancellationToken = cancellationToken,
        };
        await Parallel.ForAsync(0, results.Length, parallel, (i, ct) =>
        {
            results[i] = inspect(directories[i], progress, ct);
            return ValueTask.CompletedTask;
        }).ConfigureAwait(false);
        return results;
    }
}
