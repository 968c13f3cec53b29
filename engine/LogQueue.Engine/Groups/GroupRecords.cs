using System.Buffers.Binary;
using LogQueue.Engine.Messages;
using LogQueue.Records;
using LogQueue.Wire;
using LogQueue.Wire.Memory;

namespace LogQueue.Engine.Groups;

/// <summary>
/// Keys and values of <c>__consumer_offsets</c> in Kafka's format: an int16 version (for keys: the kind), then the body as declared in
/// <c>Messages/*.msg</c>. Stateless.
/// </summary>
internal static class GroupRecords
{
    private const short LegacyOffsetKey = 0;
    private const short OffsetKey = 1;
    private const short StateKey = 2;

    /// <summary>The leading int16 of a key is its kind; the bodies have one version.</summary>
    private const short KeyVersion = 0;

    /// <summary>Positions with an expiry of their own need version 1: later versions have no field for it.</summary>
    private const short ExpiringOffsetVersion = 1;
    private const short OffsetVersion = 4;
    private const short StateVersion = 3;

    /// <summary>The record's key.</summary>
    public static byte[] Key(in GroupChange change) => change.Kind == GroupChangeKind.Offset
        ? Write(OffsetKey, KeyVersion, new OffsetCommitKey { Group = change.Group, Topic = change.Partition.Topic, Partition =
            change.Partition.Partition })
        : Write(StateKey, KeyVersion, new GroupMetadataKey { Group = change.Group });

    /// <summary>The record's value; null for a removal.</summary>
    /// <param name="change">What to write.</param>
    /// <param name="topicId">The id of the topic, empty when it is not known.</param>
    public static byte[]? Value(in GroupChange change, Guid topicId)
    {
        if (change.Kind == GroupChangeKind.Offset)
        {
            if (change.Offset is not { } offset)
            {
                return null;
            }

            short version = offset.ExpireTimestampMs >= 0 ? ExpiringOffsetVersion : OffsetVersion;
            return Write(version, version, new OffsetCommitValue
            {
                Offset = offset.Offset,
                LeaderEpoch = offset.LeaderEpoch,
                Metadata = offset.Metadata ?? "",
                CommitTimestamp = offset.CommitTimestampMs,
                ExpireTimestamp = offset.ExpireTimestampMs >= 0 ? offset.ExpireTimestampMs : -1,
                TopicId = topicId,
            });
        }

        return change.Snapshot is { } snapshot ? Write(StateVersion, StateVersion, ToRecord(snapshot)) : null;
    }

    /// <summary>Decodes a record. Kinds we do not read come back as <see cref="GroupChangeKind.Other"/>.</summary>
    /// <exception cref="WireFormatException">The bytes do not follow the format.</exception>
    public static GroupChange Read(ReadOnlyMemory<byte> key, ReadOnlyMemory<byte>? value)
    {
        short kind = key.Length >= 2 ? BinaryPrimitives.ReadInt16BigEndian(key.Span) : (short)-1;
        var keyReader = new WireReader(key.Length >= 2 ? key[2..] : key);
        switch (kind)
        {
            case LegacyOffsetKey or OffsetKey:
                // The older kind has the same fields.
                OffsetCommitKey offsetKey = OffsetCommitKey.Read(ref keyReader, KeyVersion);
                var partition = new TopicPartition(offsetKey.Topic, offsetKey.Partition);
                return GroupChange.Commit(offsetKey.Group, partition, value is { } offset ? ReadOffset(offset) : null);
            case StateKey:
                string group = GroupMetadataKey.Read(ref keyReader, KeyVersion).Group;
                return GroupChange.State(group, value is { } state ? ReadState(group, state) : null);
            default:
                return new GroupChange(GroupChangeKind.Other, "");
        }
    }

    private static CommittedOffset ReadOffset(ReadOnlyMemory<byte> value)
    {
        var reader = new WireReader(value);
        short version = Newest(reader.ReadInt16(), OffsetCommitValue.HighestVersion, "committed offset");
        OffsetCommitValue read = OffsetCommitValue.Read(ref reader, version);
        return new CommittedOffset(read.Offset, read.LeaderEpoch, read.Metadata, read.CommitTimestamp, read.ExpireTimestamp);
    }

    private static GroupSnapshot ReadState(string group, ReadOnlyMemory<byte> value)
    {
        var reader = new WireReader(value);
        short version = Newest(reader.ReadInt16(), GroupMetadataValue.HighestVersion, "group state");
        GroupMetadataValue read = GroupMetadataValue.Read(ref reader, version);
        return new GroupSnapshot
        {
            Group = group,
            ProtocolType = read.ProtocolType,
            GenerationId = read.Generation,
            Protocol = read.Protocol,
            Leader = read.Leader,
            StateTimestampMs = read.CurrentStateTimestamp,
            Members = [.. read.Members.Select(static member => new GroupMemberSnapshot
            {
                MemberId = member.MemberId,
                GroupInstanceId = member.GroupInstanceId,
                ClientId = member.ClientId,
                ClientHost = member.ClientHost,
                RebalanceTimeoutMs = member.RebalanceTimeout >= 0 ? member.RebalanceTimeout : member.SessionTimeout,
                SessionTimeoutMs = member.SessionTimeout,
                Subscription = member.Subscription.ToArray(),
                Assignment = member.Assignment.ToArray(),
            })],
        };
    }

    private static GroupMetadataValue ToRecord(GroupSnapshot snapshot) => new()
    {
        ProtocolType = snapshot.ProtocolType,
        Generation = snapshot.GenerationId,
        Protocol = snapshot.Protocol,
        Leader = snapshot.Leader,
        CurrentStateTimestamp = snapshot.StateTimestampMs,
        Members = [.. snapshot.Members.Select(static member => new GroupMetadataValue.MemberMetadata
        {
            MemberId = member.MemberId,
            GroupInstanceId = member.GroupInstanceId,
            ClientId = member.ClientId,
            ClientHost = member.ClientHost,
            RebalanceTimeout = member.RebalanceTimeoutMs,
            SessionTimeout = member.SessionTimeoutMs,
            Subscription = member.Subscription,
            Assignment = member.Assignment,
        })],
    };

    private static short Newest(short version, short newest, string what) => version >= 0 && version <= newest
        ? version
        : throw new WireFormatException($"A {what} of version {version}; this LogQueue reads up to {newest}. A newer one wrote it: use that.");

    private static byte[] Write<T>(short prefix, short version, T message)
        where T : IWireMessage<T>
    {
        using var output = new PooledBufferWriter(128);
        var writer = new WireWriter(output);
        writer.WriteInt16(prefix);
        message.Write(ref writer, version);
        return output.WrittenSpan.ToArray();
    }
}
