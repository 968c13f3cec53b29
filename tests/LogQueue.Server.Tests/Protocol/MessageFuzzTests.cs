using LogQueue.Protocol;
using LogQueue.TestKit.Vectors;
using LogQueue.Wire;

namespace LogQueue.Server.Tests.Protocol;

/// <summary>Broken and hostile bytes: refused with one exception type, and never paid for with much memory.</summary>
public sealed class MessageFuzzTests
{
    private const int Seed = 20260729;
    private const int RoundsPerVector = 40;

    private static readonly IReadOnlyDictionary<string, MessageCodec> Codecs = MessageCodec.In(typeof(ApiKey).Assembly);

    private static readonly ILookup<string, MessageVector> Vectors = MessageVector.All.ToLookup(static v => v.Name);

    public static TheoryData<string> Names => [.. Codecs.Keys.Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Broken_bytes_are_refused_cheaply(string name)
    {
        var fuzz = new WireFuzz(Seed);
        fuzz.Run(name, Codecs[name], Vectors[name].Select(static v => (v.Bytes, v.Version)), RoundsPerVector);
        Assert.True(fuzz.Refused > 0, $"nothing was refused, {fuzz.Accepted} frames were read");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_worst_frame_of_every_array_costs_no_more_than_its_allowance(string name)
    {
        MessageCodec codec = Codecs[name];
        var fuzz = new WireFuzz(Seed);
        for (short version = codec.LowestVersion; version <= codec.HighestVersion; version++)
        {
            foreach (object message in WorstMessages.Of(codec, 6_000))
            {
                byte[] frame;
                try
                {
                    frame = codec.Write(message, version);
                }
                catch (WireFormatException)
                {
                    continue; // a field that this version does not have
                }

                fuzz.Read(name, codec, frame, version);
            }
        }
    }

    [Fact]
    public void Without_an_allowance_small_elements_would_cost_many_times_their_bytes()
    {
        MessageCodec codec = Codecs["CreateTopicsRequest"];
        double worst = 0;
        foreach (object message in WorstMessages.Of(codec, 20_000))
        {
            byte[] frame = codec.Write(message, codec.HighestVersion);
            long before = GC.GetAllocatedBytesForCurrentThread();
            codec.Read(frame, codec.HighestVersion);
            worst = Math.Max(worst, (GC.GetAllocatedBytesForCurrentThread() - before) / (double)frame.Length);
        }

        Assert.True(worst > 5, $"the worst frame costs {worst:0.0} times its bytes: these frames test nothing");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_shorter_frame_is_refused(string name)
    {
        MessageCodec codec = Codecs[name];
        foreach (MessageVector vector in Vectors[name].Where(static v => v.Bytes.Length <= 256))
        {
            for (int length = 0; length < vector.Bytes.Length; length++)
            {
                Assert.Throws<WireFormatException>(() => codec.Read(vector.Bytes[..length], vector.Version));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_version_outside_the_range_is_refused_both_ways(string name)
    {
        MessageCodec codec = Codecs[name];
        MessageVector vector = Vectors[name].First();
        object message = codec.Read(vector.Bytes, vector.Version).Message;
        foreach (int version in new[] { codec.LowestVersion - 1, codec.HighestVersion + 1, short.MaxValue, short.MinValue })
        {
            Assert.Throws<WireFormatException>(() => codec.Read(vector.Bytes, (short)version));
            Assert.Throws<WireFormatException>(() => codec.Write(message, (short)version));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Unknown_tags_are_skipped(string name)
    {
        MessageCodec codec = Codecs[name];
        // Not those whose root has tagged fields of its own: there the last byte belongs to a field's value.
        foreach (MessageVector vector in Vectors[name].Where(v => codec.IsFlexible(v.Version) && v.Bytes[^1] == 0 && !HasRootTag(v)))
        {
            // The last byte counts the message's own tagged fields: make it one, with a tag that nobody declares.
            byte[] extended = [.. vector.Bytes[..^1], 1, 0xE7, 0x07, 3, 9, 9, 9];
            (object message, int read) = codec.Read(extended, vector.Version);
            Assert.Equal(extended.Length, read);
            Assert.Equal(vector.Bytes, codec.Write(message, vector.Version));
        }
    }

    private static bool HasRootTag(MessageVector vector) =>
        ((string[])["nodeEndpoints", "clusterId", "replicaState"]).Any(tagged => vector.Json.TryGetProperty(tagged, out _));
}
