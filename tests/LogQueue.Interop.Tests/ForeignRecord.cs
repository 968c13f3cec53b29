using System.Globalization;

namespace LogQueue.Interop.Tests;

/// <summary>One record as a foreign consumer printed it: <c>partition TAB offset TAB key TAB value</c> (Kafka's console consumer names the numbers).</summary>
internal readonly record struct ForeignRecord(int Partition, long Offset, string Key, string Value)
{
    public static ForeignRecord Parse(string line)
    {
        string[] parts = line.Split('\t');
        Assert.True(parts.Length == 4, $"not a record: {line}");
        return new(int.Parse(Number(parts[0]), CultureInfo.InvariantCulture), long.Parse(Number(parts[1]), CultureInfo.InvariantCulture), parts[2], parts[3]);
    }

    private static string Number(string part) => part[(part.IndexOf(':', StringComparison.Ordinal) + 1)..];
}
