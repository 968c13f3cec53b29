using System.Numerics;
using System.Text;
using LogQueue.Storage.Files;

namespace LogQueue.Storage.Partitions;

/// <summary>Kafka's <c>partition.metadata</c>: the topic id of a partition directory. Stateless.</summary>
internal static class PartitionMetadataFile
{
    private const int MostDamagedBits = 8;

    internal const string FileName = "partition.metadata";

    /// <summary>The topic id; null when the file is missing or not right.</summary>
    internal static Guid? TryLoad(IStorageDevice device, string directory)
    {
        if (device.ReadWhole(Path.Combine(directory, FileName)) is not { } bytes)
        {
            return null;
        }

        foreach (string line in Encoding.ASCII.GetString(bytes).Split('\n'))
        {
            const string Key = "topic_id: ";
            if (line.StartsWith(Key, StringComparison.Ordinal))
            {
                string base64 = line[Key.Length..].Trim().Replace('-', '+').Replace('_', '/');
                Span<byte> id = stackalloc byte[18];
                return base64.Length == 22 && Convert.TryFromBase64String(base64 + "==", id, out int written) && written == 16
                    ? new Guid(id[..16], bigEndian: true)
                    : null;
            }
        }

        return null;
    }

    /// <summary>Writes it durably; its name only with the next sync of the directory when the caller makes one anyway.</summary>
    internal static void Save(IStorageDevice device, string directory, Guid topicId, bool syncsDirectory)
    {
        string id = Convert.ToBase64String(topicId.ToByteArray(bigEndian: true))[..22].Replace('+', '-').Replace('/', '_');
        device.ReplaceDurably(Path.Combine(directory, FileName), Encoding.ASCII.GetBytes($"version: 0\ntopic_id: {id}"), syncsDirectory);
    }

    /// <summary>
    /// A topic must not vanish because of a flipped bit in the file that names it: an id that differs from the right one in a few bits only
    /// is that id, damaged (two ids differ in 64 of 128 bits), and is written again.
    /// </summary>
    internal static bool TryHeal(IStorageDevice device, string directory, Guid found, Guid owner)
    {
        Span<byte> one = stackalloc byte[16];
        Span<byte> two = stackalloc byte[16];
        found.TryWriteBytes(one);
        owner.TryWriteBytes(two);
        int differing = 0;
        for (int i = 0; i < one.Length; i++)
        {
            differing += BitOperations.PopCount((uint)(one[i] ^ two[i]));
        }

        if (differing > MostDamagedBits)
        {
            return false;
        }

        Save(device, directory, owner, syncsDirectory: true);
        return true;
    }
}
