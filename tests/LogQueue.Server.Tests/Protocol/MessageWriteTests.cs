using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.TestKit.Vectors;
using LogQueue.Wire;
using LogQueue.Wire.Memory;

namespace LogQueue.Server.Tests.Protocol;

/// <summary>What writers do with a value that a version has no place for, with null, and with records in files.</summary>
public sealed class MessageWriteTests
{
    [Fact]
    public void An_ignorable_field_is_dropped_silently()
    {
        var request = new JoinGroupRequest { GroupId = "g", MemberId = "", ProtocolType = "consumer", Reason = "restart" };
        Assert.Null(RoundTrip(request, version: 7).Reason);
        Assert.Equal("restart", RoundTrip(request, version: 8).Reason);
    }

    [Fact]
    public void A_field_that_may_not_be_dropped_is_an_error_that_names_it()
    {
        var request = new HeartbeatRequest { GroupId = "g", MemberId = "m", GroupInstanceId = "static-1" };
        WireFormatException error = Assert.Throws<WireFormatException>(() => RoundTrip(request, version: 2));
        Assert.Contains("HeartbeatRequest.GroupInstanceId", error.Message, StringComparison.Ordinal);
        Assert.Contains("version 2", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_default_may_always_be_dropped()
    {
        var request = new HeartbeatRequest { GroupId = "g", MemberId = "m", GenerationId = 7 };
        Assert.Equal(7, RoundTrip(request, version: 0).GenerationId);
    }

    [Fact]
    public void Null_in_a_version_without_null_is_an_error()
    {
        var request = new MetadataRequest { Topics = null };
        Assert.Null(RoundTrip(request, version: 1).Topics);
        WireFormatException error = Assert.Throws<WireFormatException>(() => RoundTrip(request, version: 0));
        Assert.Contains("MetadataRequest.Topics", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Null_on_the_wire_where_null_is_not_allowed_is_refused()
    {
        byte[] nullArray = [0xFF, 0xFF, 0xFF, 0xFF];
        Assert.Throws<WireFormatException>(() =>
        {
            var reader = new WireReader(nullArray);
            MetadataRequest.Read(ref reader, 0);
        });
    }

    [Theory]
    [InlineData(1)]
    [InlineData(127)]
    [InlineData(128)]
    [InlineData(40_000)]
    public void A_tagged_field_of_any_size_carries_its_size(int hostBytes)
    {
        string host = new('h', Math.Min(hostBytes, 30_000));
        var endpoints = new List<ProduceResponse.NodeEndpoint>();
        for (int left = hostBytes; left > 0; left -= host.Length)
        {
            endpoints.Add(new ProduceResponse.NodeEndpoint { NodeId = left, Host = host, Port = 9092 });
        }

        ProduceResponse read = RoundTrip(new ProduceResponse { NodeEndpoints = [.. endpoints], ThrottleTimeMs = 5 }, version: 13);
        Assert.Equal(endpoints.Select(static e => (e.NodeId, e.Host)), read.NodeEndpoints.Select(static e => (e.NodeId, e.Host)));
        Assert.Equal(5, read.ThrottleTimeMs);
    }

    [Fact]
    public void Records_in_memory_are_slices_of_the_frame()
    {
        byte[] records = [1, 2, 3, 4];
        using var output = new PooledBufferWriter();
        var writer = new WireWriter(output);
        Produce(new RecordSet(records)).Write(ref writer, 9);
        byte[] frame = output.WrittenSpan.ToArray();
        var reader = new WireReader(frame);
        RecordSet read = ProduceRequest.Read(ref reader, 9).TopicData[0].PartitionData[0].Records;
        frame.AsSpan().Fill(0xAB);
        Assert.Equal([0xAB, 0xAB, 0xAB, 0xAB], read.Memory.ToArray());
    }

    [Fact]
    public void Records_in_a_file_become_a_splice_and_count_in_the_length()
    {
        using var slice = new RecordSlice(new ArrayLender([9, 8, 7]), 1, 0, 3);
        using var copied = new PooledBufferWriter();
        var copying = new WireWriter(copied);
        Produce(new RecordSet(slice)).Write(ref copying, 9);

        using var spliced = new PooledBufferWriter();
        var splices = new List<RecordSplice>();
        var splicing = new WireWriter(spliced, splices);
        Produce(new RecordSet(slice)).Write(ref splicing, 9);

        RecordSplice splice = Assert.Single(splices);
        byte[] joined = [.. spliced.WrittenSpan[..splice.OutputPosition], 9, 8, 7, .. spliced.WrittenSpan[splice.OutputPosition..]];
        Assert.Equal(copied.WrittenSpan.ToArray(), joined);
    }

    [Fact]
    public void Defaults_survive_a_round_trip_of_every_message_and_version()
    {
        foreach ((string name, MessageCodec codec) in MessageCodec.In(typeof(ApiKey).Assembly))
        {
            for (short version = codec.LowestVersion; version <= codec.HighestVersion; version++)
            {
                byte[] bytes = codec.Write(codec.Create(), version);
                (object message, int read) = codec.Read(bytes, version);
                Assert.True(bytes.Length == read, $"{name} v{version}: {bytes.Length} bytes written, {read} read");
                Assert.Equal(bytes, codec.Write(message, version));
            }
        }
    }

    private static ProduceRequest Produce(RecordSet records) => new()
    {
        Acks = -1,
        TopicData =
        [
            new ProduceRequest.TopicProduceData
            {
                Name = "t",
                PartitionData = [new ProduceRequest.PartitionProduceData { Index = 0, Records = records }],
            },
        ],
    };

    private static T RoundTrip<T>(T message, short version)
        where T : IWireMessage<T>
    {
        using var output = new PooledBufferWriter();
        var writer = new WireWriter(output);
        message.Write(ref writer, version);
        var reader = new WireReader(output.WrittenSpan.ToArray());
        T read = T.Read(ref reader, version);
        Assert.Equal(0, reader.Remaining);
        return read;
    }

    private sealed class ArrayLender(byte[] bytes) : IRecordLender
    {
        public bool TryGetFile(long lease, out Microsoft.Win32.SafeHandles.SafeFileHandle file)
        {
            file = null!;
            return false;
        }

        public void CopyTo(long lease, long position, Span<byte> destination) =>
            bytes.AsSpan((int)position, destination.Length).CopyTo(destination);

        public void End(long lease)
        {
        }
    }
}
