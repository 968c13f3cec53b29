using System.Buffers.Binary;

namespace LogQueue.Client.Producing;

/// <summary>The hash that puts a key where Kafka's Java client puts it.</summary>
internal static class Murmur2
{
    private const uint Seed = 0x9747b28c;
    private const uint Mix = 0x5bd1e995;

    /// <summary>MurmurHash2, 32 bits, with Kafka's seed.</summary>
    public static int Hash(ReadOnlySpan<byte> key)
    {
        unchecked
        {
            uint hash = Seed ^ (uint)key.Length;
            while (key.Length >= 4)
            {
                uint word = BinaryPrimitives.ReadUInt32LittleEndian(key) * Mix;
                word = (word ^ (word >> 24)) * Mix;
                hash = (hash * Mix) ^ word;
                key = key[4..];
            }

            if (key.Length > 2)
            {
                hash ^= (uint)key[2] << 16;
            }

            if (key.Length > 1)
            {
                hash ^= (uint)key[1] << 8;
            }

            if (key.Length > 0)
            {
                hash = (hash ^ key[0]) * Mix;
            }

            hash = (hash ^ (hash >> 13)) * Mix;
            return (int)(hash ^ (hash >> 15));
        }
    }

    /// <summary>The partition of a key among <paramref name="partitionCount"/>.</summary>
    public static int PartitionOf(ReadOnlySpan<byte> key, int partitionCount) => (Hash(key) & int.MaxValue) % partitionCount;
}
