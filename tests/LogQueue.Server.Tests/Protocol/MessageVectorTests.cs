using LogQueue.Protocol;
using LogQueue.TestKit.Vectors;

namespace LogQueue.Server.Tests.Protocol;

/// <summary>Kafka's own bytes judge every wire message and version.</summary>
public sealed class MessageVectorTests
{
    private static readonly IReadOnlyDictionary<string, MessageCodec> Codecs = MessageCodec.In(typeof(ApiKey).Assembly);

    public static TheoryData<string> Names => [.. Codecs.Keys.Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_vector_decodes_to_its_json_and_encodes_to_its_bytes(string name)
    {
        MessageCodec codec = Codecs[name];
        MessageVector[] vectors = [.. MessageVector.All.Where(v => v.Name == name)];
        Assert.Equal(
            Enumerable.Range(codec.LowestVersion, codec.HighestVersion - codec.LowestVersion + 1),
            vectors.Select(static v => (int)v.Version).Distinct().Order());
        foreach (MessageVector vector in vectors)
        {
            (object message, int read) = codec.Read(vector.Bytes, vector.Version);
            IReadOnlyList<string> differences = JsonComparison.Differences(vector.Json, message);
            Assert.True(differences.Count == 0, $"{vector}\n{string.Join('\n', differences)}");
            Assert.Equal(vector.Bytes.Length, read);
            Assert.Equal(Convert.ToHexString(vector.Bytes), Convert.ToHexString(codec.Write(message, vector.Version)));
        }
    }

    [Fact]
    public void Only_messages_between_brokers_and_controllers_are_left_out()
    {
        string[] missing = [.. MessageVector.All.Where(static v => v.Type is "request" or "response" or "header").Select(static v => v.Name)
            .Distinct().Where(static name => !Codecs.ContainsKey(name)).Order(StringComparer.Ordinal)];
        string[] raftAndController =
        [
            "AllocateProducerIds", "AlterPartition", "AssignReplicasToDirs", "BeginQuorumEpoch", "BrokerHeartbeat", "BrokerRegistration",
            "ControllerRegistration", "EndQuorumEpoch", "Envelope", "FetchSnapshot", "UpdateRaftVoter", "Vote",
        ];
        Assert.Equal(raftAndController.SelectMany(static n => new[] { n + "Request", n + "Response" }), missing);
    }
}
