using System.Globalization;
using System.Text;
using LogQueue.Records.Checksums;
using LogQueue.Storage.Files;
using LogQueue.Storage.Partitions;

namespace LogQueue.Engine.Opening;

/// <summary>
/// The file <c>.logqueue_clean_shutdown</c>: written last by a good close, taken away first by the next open. It sums up every log, so that
/// a start need not open any of them; a log whose active segment is not as long as the marker says (a restored copy, a copied directory) is
/// not believed and is opened at once.
/// </summary>
/// <remarks>
/// Text, one line each, fields separated by tabs: <c>logqueue-clean-shutdown 2</c>; per log <c>directory name, topic id, log start offset,
/// last stable offset, log end offset, leader epoch, base offset and bytes of the active segment (-1: look at it first), bytes of all
/// segments, largest timestamp of the oldest segment</c>; <c>crc32c HEX</c> over all lines before. Anything else makes the shutdown count
/// as unclean: recovery scans, nothing is lost.
/// </remarks>
internal static class CleanShutdownMarker
{
    /// <summary>Its name in the data directory.</summary>
    public const string FileName = ".logqueue_clean_shutdown";

    private const string FirstLine = "logqueue-clean-shutdown 2";
    private const int Fields = 10;

    /// <summary>Writes the marker; durable when it returns.</summary>
    public static void Write(IStorageDevice device, string dataDirectory, IEnumerable<KeyValuePair<string, LogSummary>> logs) =>
        device.ReplaceDurably(Path.Combine(dataDirectory, FileName), Encoding.UTF8.GetBytes(Format(logs)));

    /// <summary>Reads the marker and takes it away, durably. Null when there is none, or none to believe.</summary>
    public static IReadOnlyDictionary<string, LogSummary>? Take(IStorageDevice device, string dataDirectory)
    {
        string path = Path.Combine(dataDirectory, FileName);
        if (device.ReadWhole(path) is not { } bytes)
        {
            return null;
        }

        device.Delete(path);
        device.SyncDirectory(dataDirectory);
        return Parse(bytes);
    }

    internal static string Format(IEnumerable<KeyValuePair<string, LogSummary>> logs)
    {
        var text = new StringBuilder(FirstLine).Append('\n');
        foreach ((string directory, LogSummary log) in logs)
        {
            text.Append(CultureInfo.InvariantCulture,
                $"{directory}\t{log.TopicId:N}\t{log.LogStartOffset}\t{log.LastStableOffset}\t{log.LogEndOffset}\t{log.LeaderEpoch}\t");
            text.Append(CultureInfo.InvariantCulture,
                $"{log.SegmentBaseOffset}\t{log.SegmentBytes}\t{log.SizeBytes}\t{log.OldestTimestampMs}\n");
        }

        uint crc = Crc32C.Compute(Encoding.UTF8.GetBytes(text.ToString()));
        return text.Append(CultureInfo.InvariantCulture, $"crc32c {crc:x8}\n").ToString();
    }

    internal static IReadOnlyDictionary<string, LogSummary>? Parse(ReadOnlySpan<byte> bytes)
    {
        int end = bytes.LastIndexOf("\ncrc32c "u8) + 1;
        if (end <= 0 || bytes.Length != end + 16 || bytes[^1] != (byte)'\n'
            || !uint.TryParse(bytes.Slice(end + 7, 8), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint crc)
            || crc != Crc32C.Compute(bytes[..end]))
        {
            return null;
        }

        string text = Encoding.UTF8.GetString(bytes[..end]);
        if (!text.StartsWith(FirstLine + "\n", StringComparison.Ordinal))
        {
            return null;
        }

        var logs = new Dictionary<string, LogSummary>(StringComparer.Ordinal);
        foreach (Range line in text.AsSpan(FirstLine.Length + 1).Split('\n'))
        {
            ReadOnlySpan<char> one = text.AsSpan(FirstLine.Length + 1)[line];
            if (!one.IsEmpty && !TryParseLine(one, logs))
            {
                return null;
            }
        }

        return logs;
    }

    private static bool TryParseLine(ReadOnlySpan<char> line, Dictionary<string, LogSummary> logs)
    {
        Span<Range> fields = stackalloc Range[Fields + 1];
        Span<long> numbers = stackalloc long[Fields];
        if (line.Split(fields, '\t') != Fields || line[fields[0]].IsEmpty || !Guid.TryParseExact(line[fields[1]], "N", out Guid id))
        {
            return false;
        }

        for (int i = 2; i < Fields; i++)
        {
            if (!long.TryParse(line[fields[i]], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out numbers[i]))
            {
                return false;
            }
        }

        logs[line[fields[0]].ToString()] = new LogSummary(
            id, numbers[2], numbers[3], numbers[4], (int)numbers[5], numbers[6], numbers[7], numbers[8], numbers[9]);
        return numbers[2] >= 0 && numbers[2] <= numbers[3] && numbers[3] <= numbers[4] && numbers[5] is >= 0 and <= int.MaxValue;
    }
}
