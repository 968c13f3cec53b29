using System.Reflection;
using LogQueue.Protocol;
using LogQueue.TestKit.Vectors;

namespace LogQueue.Engine.Tests.Engine.Messages;

/// <summary>Kafka's own bytes judge the records that the engine keeps in its internal topics.</summary>
public sealed class RecordVectorTests
{
    private const int Seed = 44;
    private const int RoundsPerVector = 40;

    /// <summary>Records of features that nobody here reads: other groups' state, tiered storage, the raft log's own control records.</summary>
    private static readonly string[] LeftOut =
    [
        "AbortedTxn", "ClearElrRecord", "ConsumerGroupCurrentMemberAssignmentKey", "ConsumerGroupCurrentMemberAssignmentValue",
        "ConsumerGroupMemberMetadataKey", "ConsumerGroupMemberMetadataValue", "ConsumerGroupMetadataKey",
        "ConsumerGroupMetadataValue", "ConsumerGroupPartitionMetadataKey", "ConsumerGroupPartitionMetadataValue",
        "ConsumerGroupRegularExpressionKey", "ConsumerGroupRegularExpressionValue", "ConsumerGroupTargetAssignmentMemberKey",
        "ConsumerGroupTargetAssignmentMemberValue", "ConsumerGroupTargetAssignmentMetadataKey",
        "ConsumerGroupTargetAssignmentMetadataValue", "ControlRecordTypeSchema", "DefaultPrincipalData", "DelegationTokenRecord",
        "EndTxnMarker", "FenceBrokerRecord", "KRaftVersionRecord", "LeaderChangeMessage", "RegisterControllerRecord",
        "RemoveDelegationTokenRecord", "ShareGroupCurrentMemberAssignmentKey", "ShareGroupCurrentMemberAssignmentValue",
        "ShareGroupMemberMetadataKey", "ShareGroupMemberMetadataValue", "ShareGroupMetadataKey", "ShareGroupMetadataValue",
        "ShareGroupStatePartitionMetadataKey", "ShareGroupStatePartitionMetadataValue", "ShareGroupTargetAssignmentMemberKey",
        "ShareGroupTargetAssignmentMemberValue", "ShareGroupTargetAssignmentMetadataKey",
        "ShareGroupTargetAssignmentMetadataValue", "ShareSnapshotKey", "ShareSnapshotValue", "ShareUpdateKey", "ShareUpdateValue",
        "SnapshotFooterRecord", "SnapshotHeaderRecord", "StreamsGroupCurrentMemberAssignmentKey",
        "StreamsGroupCurrentMemberAssignmentValue", "StreamsGroupMemberMetadataKey", "StreamsGroupMemberMetadataValue",
        "StreamsGroupMetadataKey", "StreamsGroupMetadataValue", "StreamsGroupTargetAssignmentMemberKey",
        "StreamsGroupTargetAssignmentMemberValue", "StreamsGroupTargetAssignmentMetadataKey",
        "StreamsGroupTargetAssignmentMetadataValue", "StreamsGroupTopologyKey", "StreamsGroupTopologyValue",
        "UnfenceBrokerRecord", "UnregisterControllerRecord", "VotersRecord", "ZkMigrationStateRecord",
    ];

    private static readonly IReadOnlyDictionary<string, MessageCodec> Codecs = MessageCodec.In(typeof(LogEngine).Assembly);

    private static readonly ILookup<string, MessageVector> Vectors = MessageVector.All.ToLookup(static v => v.Name);

    public static TheoryData<string> Names => [.. Codecs.Keys.Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_vector_decodes_to_its_json_and_encodes_to_its_bytes(string name)
    {
        MessageCodec codec = Codecs[name];
        Assert.Equal(
            Enumerable.Range(codec.LowestVersion, codec.HighestVersion - codec.LowestVersion + 1),
            Vectors[name].Select(static v => (int)v.Version).Distinct().Order());
        foreach (MessageVector vector in Vectors[name])
        {
            (object message, int read) = codec.Read(vector.Bytes, vector.Version);
            IReadOnlyList<string> differences = JsonComparison.Differences(vector.Json, message);
            Assert.True(differences.Count == 0, $"{vector}\n{string.Join('\n', differences)}");
            Assert.Equal(vector.Bytes.Length, read);
            Assert.Equal(Convert.ToHexString(vector.Bytes), Convert.ToHexString(codec.Write(message, vector.Version)));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Broken_bytes_are_refused_cheaply(string name) =>
        new WireFuzz(Seed).Run(name, Codecs[name], Vectors[name].Select(static v => (v.Bytes, v.Version)), RoundsPerVector);

    [Fact]
    public void The_records_without_a_schema_are_exactly_the_known_ones()
    {
        Assembly protocol = typeof(ApiKey).Assembly;
        HashSet<string> known = [.. Codecs.Keys, .. MessageCodec.In(protocol).Keys];
        Assert.Equal(
            LeftOut,
            MessageVector.All.Where(static v => v.Type is not ("request" or "response" or "header")).Select(static v => v.Name)
                .Distinct().Where(name => !known.Contains(name)).Order(StringComparer.Ordinal));
    }
}
