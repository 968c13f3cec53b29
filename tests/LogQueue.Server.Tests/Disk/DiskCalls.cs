using System.Net;
using LogQueue.Client;
using LogQueue.Engine;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.Server.Tests.Server;
using LogQueue.Storage;
using LogQueue.TestKit;
using LogQueue.TestKit.Storage;

namespace LogQueue.Server.Tests.Disk;

/// <summary>What the disk tests ask a broker, and how they look at what it left. Stateless.</summary>
internal static class DiskCalls
{
    public const string Topic = "disk";

    public static Task<WireConnection> ConnectAsync(int port) => WireConnection.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port));

    public static async Task CreateTopicAsync(int port, string topic = Topic, string segmentBytes = "1048576")
    {
        await using LogQueueClient client = LogQueueClient.Connect($"127.0.0.1:{port}");
        await client.Admin.CreateTopicAsync(
            topic, 1, new Dictionary<string, string> { ["segment.bytes"] = segmentBytes }, cancellationToken: TestContext.Current.CancellationToken);
    }

    /// <summary>A batch of one record that is told by its tag.</summary>
    public static byte[] Batch(long tag, int valueBytes = 200) => TestBatches.Build(1, tag, valueBytes: valueBytes);

    /// <summary>Sends one record; the offset it is acknowledged at, or -1 and why not.</summary>
    public static async Task<(long Offset, ErrorCode Error, string? Message)> ProduceAsync(
        WireConnection connection, long tag, int valueBytes = 200, string topic = Topic)
    {
        ProduceResponse.PartitionProduceResponse answer = await connection.ProduceAsync(topic, Batch(tag, valueBytes));
        return (answer.ErrorCode == ErrorCode.None ? answer.BaseOffset : -1, answer.ErrorCode, answer.ErrorMessage);
    }

    /// <summary>Reads the first records through the wire; the number of bytes.</summary>
    public static async Task<(ErrorCode Error, int Bytes)> FetchAsync(WireConnection connection, string topic = Topic)
    {
        FetchResponse response = await connection.CallAsync<FetchRequest, FetchResponse>(WireCalls.Fetch(topic, 0), WireCalls.FetchNewest);
        FetchResponse.PartitionData found = Assert.Single(Assert.Single(response.Responses).Partitions);
        return (found.ErrorCode, (int)found.Records.LengthBytes);
    }

    /// <summary>Opens what a broker left and reads all of a topic's records: their tags by offset.</summary>
    public static async Task<List<long>> ReadAllAsync(string directory, string topic = Topic)
    {
        await using LogEngine engine = await LogEngine.OpenAsync(
            new LogEngineOptions { DataDirectory = directory, DiskMinFreeBytes = 0 }, TestContext.Current.CancellationToken);
        Assert.Empty(engine.Recovery.Damage);
        Assert.True(engine.TryGetTopic(topic, out Engine.Topics.Topic? found), $"topic {topic} is gone");
        return ReadAll(found.Partitions[0]);
    }

    /// <summary>All records of a partition, which starts at 0: their tags by offset.</summary>
    public static List<long> ReadAll(Engine.Partitions.Partition partition)
    {
        var tags = new List<long>();
        while (tags.Count < partition.HighWatermark)
        {
            _ = ReadSome(partition, tags.Count, tags);
        }

        return tags;
    }

    /// <summary>One read; adds the tags from an offset on and gives the next offset.</summary>
    public static long ReadSome(Engine.Partitions.Partition partition, long from, List<long> tags)
    {
        ReadResult read = partition.Read(from, 1 << 20);
        Assert.True(read.Status == ReadStatus.Ok && !read.Records.IsEmpty, $"offset {from}: {read.Status}");
        byte[] bytes = new byte[read.Records.LengthBytes];
        read.Records.CopyTo(bytes);
        read.Records.Dispose();
        var seen = new List<SeenRecord>();
        long next = StorageRig.Decode(bytes, from, seen);
        foreach (SeenRecord record in seen)
        {
            Assert.Equal(from++, record.Offset);
            tags.Add(record.Tag);
        }

        return next;
    }
}
