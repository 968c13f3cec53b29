using System.Globalization;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.Server.Requests;
using LogQueue.TestKit.Vectors;
using LogQueue.Wire;

namespace LogQueue.Server.Tests.Server.Requests;

/// <summary>The largest requests of good clients fit, with room; the numbers in the type's comment come from here.</summary>
public sealed class RequestAllowanceTests
{
    private const int Elements = 10_000;

    private static readonly IReadOnlyDictionary<string, MessageCodec> Codecs = MessageCodec.In(typeof(ApiKey).Assembly);

    public static TheoryData<string, short> Requests => new()
    {
        { "metadata of names of 8", 4 }, { "metadata of names of 8", 9 }, { "metadata of names of 20", 4 }, { "metadata of names of 20", 9 },
        { "metadata of names of 20", 12 }, { "metadata of names of 60", 9 }, { "fetch of one topic", 4 }, { "fetch of one topic", 11 },
        { "fetch of one topic", 17 }, { "fetch of a topic each", 4 }, { "fetch of a topic each", 11 }, { "fetch of a topic each", 17 },
        { "commit of one topic", 2 }, { "commit of one topic", 9 }, { "commit of a topic each", 9 }, { "offsets of one topic", 7 },
    };

    [Theory]
    [MemberData(nameof(Requests))]
    public void Requests_of_good_clients_fit_with_a_fifth_to_spare(string what, short version)
    {
        (string name, object request) = Build(what, version);
        byte[] frame = Codecs[name].Write(request, version);
        long needed = Needed(name, frame, version);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{what}, version {version}: {frame.Length} bytes need {needed}, {(double)needed / frame.Length:0.0} times; {100.0 * needed / RequestAllowance.Of(frame.Length):0} % of the allowance"));
        Assert.InRange(needed, frame.Length, RequestAllowance.Of(frame.Length) * 8 / 10);
    }

    [Fact]
    public void Four_times_and_64_KiB_would_refuse_some_of_them()
    {
        (string name, object request) = Build("metadata of names of 20", 9);
        byte[] frame = Codecs[name].Write(request, 9);
        Assert.Throws<WireFormatException>(() => Codecs[name].Read(frame, 9, (4L * frame.Length) + (64 << 10)));
        _ = Codecs[name].Read(frame, 9, RequestAllowance.Of(frame.Length));
    }

    /// <summary>The least allowance with which a frame is read.</summary>
    private static long Needed(string name, byte[] frame, short version)
    {
        long low = 0;
        long high = 100L * frame.Length;
        while (low < high)
        {
            long middle = (low + high) / 2;
            try
            {
                _ = Codecs[name].Read(frame, version, middle);
                high = middle;
            }
            catch (WireFormatException)
            {
                low = middle + 1;
            }
        }

        return low;
    }

    private static (string Name, object Request) Build(string what, short version) => what switch
    {
        "metadata of names of 8" => Metadata(8),
        "metadata of names of 20" => Metadata(20),
        "metadata of names of 60" => Metadata(60),
        "fetch of one topic" => Fetch(version, topics: 1),
        "fetch of a topic each" => Fetch(version, Elements),
        "commit of one topic" => Commit(topics: 1),
        "commit of a topic each" => Commit(Elements),
        _ => ("ListOffsetsRequest", new ListOffsetsRequest
        {
            Topics = [new ListOffsetsRequest.ListOffsetsTopic
            {
                Name = TopicName(0, 20),
                Partitions = [.. Enumerable.Range(0, Elements).Select(static n => new ListOffsetsRequest.ListOffsetsPartition { PartitionIndex = n })],
            }],
        }),
    };

    private static (string Name, object Request) Metadata(int characters) => ("MetadataRequest", new MetadataRequest
    {
        Topics = [.. Enumerable.Range(0, Elements).Select(n => new MetadataRequest.MetadataRequestTopic { Name = TopicName(n, characters) })],
    });

    private static (string Name, object Request) Fetch(short version, int topics) => ("FetchRequest", new FetchRequest
    {
        Topics = [.. Enumerable.Range(0, topics).Select(n => new FetchRequest.FetchTopic
        {
            Topic = version < 13 ? TopicName(n, 20) : "",
            TopicId = version < 13 ? Guid.Empty : new Guid(n + 1, 1, 1, [1, 1, 1, 1, 1, 1, 1, 1]),
            Partitions = [.. Enumerable.Range(0, Elements / topics).Select(static p => new FetchRequest.FetchPartition
                { Partition = p, FetchOffset = p, PartitionMaxBytes = 1 << 20 })],
        })],
    });

    private static (string Name, object Request) Commit(int topics) => ("OffsetCommitRequest", new OffsetCommitRequest
    {
        GroupId = "group",
        MemberId = "member",
        Topics = [.. Enumerable.Range(0, topics).Select(n => new OffsetCommitRequest.OffsetCommitRequestTopic
        {
            Name = TopicName(n, 20),
            Partitions = [.. Enumerable.Range(0, Elements / topics).Select(static p => new OffsetCommitRequest.OffsetCommitRequestPartition
                { PartitionIndex = p, CommittedOffset = p, CommittedMetadata = "" })],
        })],
    });

    private static string TopicName(int number, int characters) => number.ToString(CultureInfo.InvariantCulture).PadLeft(characters, 't');
}
