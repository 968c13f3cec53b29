using System.Globalization;
using LogQueue.Engine.Topics;

namespace LogQueue.Engine.Opening;

/// <summary>Names of partition directories. Stateless.</summary>
internal static class PartitionDirectory
{
    /// <summary>The directory name of a partition.</summary>
    public static string Name(string topic, int partition) => string.Create(CultureInfo.InvariantCulture, $"{topic}-{partition}");

    /// <summary>Splits a directory name into topic and partition; false when it is not of that form.</summary>
    public static bool TryParse(string directoryName, out string topic, out int partition)
    {
        int dash = directoryName.LastIndexOf('-');
        topic = dash > 0 ? directoryName[..dash] : "";
        partition = -1;
        return dash > 0 && TopicName.Problem(topic) is null
            && int.TryParse(directoryName.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out partition)
            && Name(topic, partition) == directoryName;
    }
}
