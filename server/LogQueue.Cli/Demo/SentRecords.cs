using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using LogQueue.Client;
using LogQueue.Records;

namespace LogQueue.Cli.Demo;

/// <summary>
/// What was sent to one topic in this run: per partition, in the order of the offsets, a hash of each record's key, value and time.
/// Filled by one sender, then read only.
/// </summary>
internal sealed class SentRecords
{
    private readonly SortedDictionary<int, List<SentRecord>> _partitions = [];

    public long Count { get; private set; }

    public IReadOnlyDictionary<int, List<SentRecord>> Partitions => _partitions;

    public void Add(RecordMetadata where, string key, ReadOnlySpan<byte> value, DateTimeOffset time)
    {
        if (!_partitions.TryGetValue(where.Partition.Partition, out List<SentRecord>? records))
        {
            _partitions.Add(where.Partition.Partition, records = []);
        }

        records.Add(new SentRecord(where.Offset, time.ToUnixTimeMilliseconds(), key,
            Hash(Encoding.UTF8.GetBytes(key), value, time.ToUnixTimeMilliseconds())));
        Count++;
    }

    /// <summary>First offset of this run in each partition.</summary>
    public Dictionary<TopicPartition, long> FirstOffsets(string topic) => _partitions.ToDictionary(p => new TopicPartition(topic, p.Key),
        static p => p.Value[0].Offset);

    public static ulong Hash(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, long timestampMs)
    {
        var hash = new XxHash3();
        Span<byte> number = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(number, timestampMs);
        hash.Append(number);
        hash.Append(key);
        hash.Append(value);
        return hash.GetCurrentHashAsUInt64();
    }

    /// <summary>One record as it was sent.</summary>
    internal readonly record struct SentRecord(long Offset, long TimestampMs, string Key, ulong Hash);
}
