using System.Globalization;

namespace LogQueue.Engine.Inspection;

/// <summary>
/// Looks into the files of a data directory without an engine: every batch's checksum and offsets, and whether the indexes point at
/// batches. Reads only; safe beside a running broker, whose newest segment it then sees as far as it is written. Thread-safe.
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

    /// <summary>Checks one partition from its first batch to its last.</summary>
    /// <param name="partitionDirectory">A directory with <c>.log</c> files.</param>
    /// <param name="progress">Told the bytes read so far; may be null.</param>
    /// <param name="cancellationToken">Ends the check early.</param>
    public static PartitionInspection Verify(string partitionDirectory, Action<long>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(partitionDirectory);
        var problems = new List<InspectionProblem>();
        long bytes = 0;
        long batches = 0;
        long records = 0;
        long? first = null;
        long next = 0;
        string[] segments = [.. Segments(partitionDirectory)];
        foreach (string path in segments)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var positions = new HashSet<int>();
            long baseOffset = long.Parse(Path.GetFileNameWithoutExtension(path), CultureInfo.InvariantCulture);
            if (first is not null && baseOffset < next)
            {
                problems.Add(new InspectionProblem(path, 0, $"the segment begins at offset {baseOffset}, the one before ends at {next}"));
            }

            using var reader = new SegmentBatchReader(path);
            while (reader.MoveNext())
            {
                BatchInspection batch = reader.Current;
                positions.Add((int)Math.Min(int.MaxValue, batch.Position));
                if (!batch.IsChecksumValid)
                {
                    problems.Add(new InspectionProblem(path, batch.Position,
                        $"bad checksum (offsets {batch.BaseOffset} to {batch.LastOffset})"));
                }
                else if (first is not null && batch.BaseOffset < next)
                {
                    problems.Add(new InspectionProblem(path, batch.Position, $"offset {batch.BaseOffset} after {next - 1}"));
                }

                first ??= batch.BaseOffset;
                next = batch.LastOffset + 1;
                batches++;
                records += batch.RecordCount;
                progress?.Invoke(bytes + batch.Position + batch.SizeBytes);
            }

            bytes += reader.ValidBytes;
            bool isNewest = path == segments[^1];
            if (reader.Stop is { } stop && !(isNewest && reader.RestIsZero))
            {
                problems.Add(new InspectionProblem(path, reader.ValidBytes, stop));
            }

            IndexInspector.Check(path, baseOffset, positions, problems);
        }

        return new PartitionInspection(Path.GetFileName(Path.TrimEndingDirectorySeparator(partitionDirectory)), segments.Length, bytes,
            batches, records, first ?? 0, next, problems);
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

    private static bool HasSegments(string directory) => Segments(directory).Any();

    private static IEnumerable<string> Segments(string directory) => Directory.EnumerateFiles(directory, "*.log")
        .Where(static f => Path.GetFileNameWithoutExtension(f) is { Length: 20 } name && name.All(char.IsAsciiDigit))
        .Order(StringComparer.Ordinal);
}
