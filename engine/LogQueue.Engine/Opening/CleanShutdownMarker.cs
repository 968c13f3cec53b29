using System.Globalization;
using System.Text;
using LogQueue.Records.Checksums;
using LogQueue.Storage.Files;

namespace LogQueue.Engine.Opening;

/// <summary>
/// The file <c>.logqueue_clean_shutdown</c>: written last by a good close, taken away first by the next open. It lists every partition
/// directory with its log end, so that a marker beside other logs than its own (a restored copy, a copied directory) is not believed.
/// </summary>
/// <remarks>
/// Text, one line each: <c>logqueue-clean-shutdown 1</c>; per partition <c>directory name, tab, log end offset</c>;
/// <c>crc32c HEX</c> over all lines before. Anything else makes the shutdown count as unclean: recovery scans, nothing is lost.
/// </remarks>
internal static class CleanShutdownMarker
{
    /// <summary>Its name in the data directory.</summary>
    public const string FileName = ".logqueue_clean_shutdown";

    private const string FirstLine = "logqueue-clean-shutdown 1";

    /// <summary>Writes the marker; durable when it returns.</summary>
    public static void Write(IStorageDevice device, string dataDirectory, IEnumerable<KeyValuePair<string, long>> logEnds) =>
        device.ReplaceDurably(Path.Combine(dataDirectory, FileName), Encoding.UTF8.GetBytes(Format(logEnds)));

    /// <summary>Reads the marker and takes it away, durably. Null when there is none, or none to believe.</summary>
    public static IReadOnlyDictionary<string, long>? Take(IStorageDevice device, string dataDirectory)
    {
        string path = Path.Combine(dataDirectory, FileName);
        if (device.ReadWhole(path) is not { } bytes)
        {
            return null;
        }

        device.Delete(path);
        device.SyncDirectory(dataDirectory);
        return Parse(Encoding.UTF8.GetString(bytes));
    }

    internal static string Format(IEnumerable<KeyValuePair<string, long>> logEnds)
    {
        var text = new StringBuilder(FirstLine).Append('\n');
        foreach ((string directory, long logEnd) in logEnds)
        {
            text.Append(directory).Append('\t').Append(logEnd.ToString(CultureInfo.InvariantCulture)).Append('\n');
        }

        uint crc = Crc32C.Compute(Encoding.UTF8.GetBytes(text.ToString()));
        return text.Append("crc32c ").Append(crc.ToString("x8", CultureInfo.InvariantCulture)).Append('\n').ToString();
    }

    internal static IReadOnlyDictionary<string, long>? Parse(string text)
    {
        int end = text.LastIndexOf("crc32c ", StringComparison.Ordinal);
        if (end <= 0 || !text.StartsWith(FirstLine + "\n", StringComparison.Ordinal)
            || !uint.TryParse(text.AsSpan(end + 7).TrimEnd('\n'), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture,
                out uint crc)
            || crc != Crc32C.Compute(Encoding.UTF8.GetBytes(text[..end])))
        {
            return null;
        }

        var logEnds = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (string line in text[(FirstLine.Length + 1)..end].Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            int tab = line.IndexOf('\t', StringComparison.Ordinal);
            if (tab <= 0 || !long.TryParse(line.AsSpan(tab + 1), NumberStyles.None, CultureInfo.InvariantCulture, out long logEnd))
            {
                return null;
            }

            logEnds[line[..tab]] = logEnd;
        }

        return logEnds;
    }
}
