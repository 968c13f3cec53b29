using System.Globalization;
using System.Text;
using LogQueue.Records.Checksums;
using LogQueue.Storage.Files;

namespace LogQueue.Storage.Partitions;

/// <summary>
/// The file <c>quarantine</c> in a partition directory: the segments in which damage was found, so that the next open reads them whole and
/// finds it again. It says where to look, never what is damaged: so it cannot lie.
/// </summary>
/// <remarks>
/// Text, one line each: <c>logqueue-quarantine 1</c>; the base offset of each segment; <c>crc32c HEX</c> over the lines before. A file that
/// is not right means: look into every segment. Without the file, damage is found again when it is read or scrubbed. Stateless.
/// </remarks>
internal static class QuarantineFile
{
    internal const string FileName = "quarantine";
    private const string FirstLine = "logqueue-quarantine 1";

    /// <summary>The segments to look into: empty when there is no file, null for all.</summary>
    internal static IReadOnlySet<long>? Load(IStorageDevice device, string directory) =>
        device.ReadWhole(Path.Combine(directory, FileName)) is { } bytes ? Parse(Encoding.UTF8.GetString(bytes)) : new HashSet<long>();

    /// <summary>Writes it durably; without segments the file goes. Throws <see cref="StorageException"/>.</summary>
    internal static void Save(IStorageDevice device, string directory, IReadOnlySet<long> segments)
    {
        string path = Path.Combine(directory, FileName);
        if (segments.Count > 0)
        {
            device.ReplaceDurably(path, Encoding.UTF8.GetBytes(Format(segments)));
        }
        else if (device.FileExists(path))
        {
            device.Delete(path);
            device.SyncDirectory(directory);
        }
    }

    internal static string Format(IReadOnlySet<long> segments)
    {
        var text = new StringBuilder(FirstLine).Append('\n');
        foreach (long segment in segments.Order())
        {
            text.Append(CultureInfo.InvariantCulture, $"{segment}\n");
        }

        uint crc = Crc32C.Compute(Encoding.UTF8.GetBytes(text.ToString())); // before the line with it is begun
        return text.Append(CultureInfo.InvariantCulture, $"crc32c {crc:x8}\n").ToString();
    }

    internal static IReadOnlySet<long>? Parse(string text)
    {
        int end = text.LastIndexOf("crc32c ", StringComparison.Ordinal);
        if (end <= 0 || !text.StartsWith(FirstLine + "\n", StringComparison.Ordinal)
            || !uint.TryParse(text.AsSpan(end + 7).TrimEnd('\n'), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture,
                out uint crc)
            || crc != Crc32C.Compute(Encoding.UTF8.GetBytes(text[..end])))
        {
            return null;
        }

        var segments = new HashSet<long>();
        foreach (string line in text[(FirstLine.Length + 1)..end].Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!long.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out long segment))
            {
                return null;
            }

            segments.Add(segment);
        }

        return segments;
    }
}
