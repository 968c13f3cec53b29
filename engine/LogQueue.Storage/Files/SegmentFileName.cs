using System.Globalization;

namespace LogQueue.Storage.Files;

/// <summary>Names of a segment's files: the base offset in 20 digits and an extension. Stateless.</summary>
internal static class SegmentFileName
{
    internal const string Log = ".log";
    internal const string OffsetIndex = ".index";
    internal const string TimeIndex = ".timeindex";
    internal const string TransactionIndex = ".txnindex";
    internal const string Snapshot = ".snapshot";
    internal const string Seal = ".seal";
    private const int Digits = 20;

    /// <summary>The path of one file of a segment.</summary>
    internal static string PathOf(string directory, long baseOffset, string extension) =>
        Path.Combine(directory, baseOffset.ToString("D20", CultureInfo.InvariantCulture) + extension);

    /// <summary>Reads a base offset from a file name with this extension.</summary>
    internal static bool TryParse(string fileName, string extension, out long baseOffset)
    {
        baseOffset = -1;
        return fileName.Length == Digits + extension.Length
            && fileName.EndsWith(extension, StringComparison.Ordinal)
            && long.TryParse(fileName.AsSpan(0, Digits), NumberStyles.None, CultureInfo.InvariantCulture, out baseOffset);
    }
}
