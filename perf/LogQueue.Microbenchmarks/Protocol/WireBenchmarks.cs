using BenchmarkDotNet.Attributes;
using LogQueue.Protocol.Messages;
using LogQueue.Wire;
using LogQueue.Wire.Memory;

namespace LogQueue.Microbenchmarks.Protocol;

/// <summary>The two messages of the hot path, read and written by generated code.</summary>
[MemoryDiagnoser]
public class WireBenchmarks
{
    private const short ProduceVersion = 9;
    private const short FetchVersion = 12;
    private readonly PooledBufferWriter _output = new(128 * 1024);
    private readonly FetchResponse _response = new()
    {
        Responses =
        [
            new FetchResponse.FetchableTopicResponse
            {
                Topic = "sensors",
                Partitions = [new FetchResponse.PartitionData { HighWatermark = 1000, Records = new RecordSet(new byte[64 * 1024]) }],
            },
        ],
    };

    private byte[] _request = [];

    /// <summary>Encodes the request that is read.</summary>
    [GlobalSetup]
    public void Encode()
    {
        var request = new ProduceRequest
        {
            Acks = -1,
            TopicData =
            [
                new ProduceRequest.TopicProduceData
                {
                    Name = "sensors",
                    PartitionData = [new ProduceRequest.PartitionProduceData { Records = new RecordSet(new byte[64 * 1024]) }],
                },
            ],
        };
        _output.Reset();
        var writer = new WireWriter(_output);
        request.Write(ref writer, ProduceVersion);
        _request = _output.WrittenSpan.ToArray();
    }

    /// <summary>A produce request of 64 KiB; the records stay a slice of the frame.</summary>
    [Benchmark]
    public ProduceRequest ReadProduce()
    {
        var reader = new WireReader(_request);
        return ProduceRequest.Read(ref reader, ProduceVersion);
    }

    /// <summary>A fetch response of 64 KiB in memory.</summary>
    [Benchmark]
    public int WriteFetch()
    {
        _output.Reset();
        var writer = new WireWriter(_output);
        _response.Write(ref writer, FetchVersion);
        return _output.WrittenCount;
    }
}
