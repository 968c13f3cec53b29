using LogQueue.Client.Connections;
using LogQueue.Client.Errors;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.Records;

namespace LogQueue.Client.Groups;

/// <summary>The requests of a member to its coordinator. Errors come as <see cref="KafkaException"/> with the broker's code.</summary>
internal sealed class GroupExchange(CoordinatorLocator coordinator, ConsumerOptions options)
{
    /// <summary>Slack on top of the time that the coordinator may hold an answer back.</summary>
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Joins, saying what it reads now; waits for the other members. The members' metadata lie in the answer: dispose it after use.
    /// </summary>
    public async Task<Answer<JoinGroupResponse>> JoinAsync(
        string memberId, IReadOnlyList<TopicPartition> owned, int generationId, string reason, CancellationToken cancellationToken)
    {
        BrokerConnection connection = await coordinator.ConnectAsync(ConnectionUse.Membership, cancellationToken).ConfigureAwait(false);
        byte[] plain = ConsumerProtocol.WriteSubscription(options.Topics);
        byte[] withOwned = ConsumerProtocol.WriteSubscription(new MemberSubscription([.. options.Topics], owned, generationId));
        var request = new JoinGroupRequest
        {
            GroupId = options.Group!,
            SessionTimeoutMs = (int)options.SessionTimeout.TotalMilliseconds,
            RebalanceTimeoutMs = (int)options.RebalanceTimeout.TotalMilliseconds,
            MemberId = memberId,
            GroupInstanceId = options.GroupInstanceId,
            ProtocolType = ConsumerProtocol.Type,
            Protocols = [.. options.Assignors.Select(
                a => new JoinGroupRequest.JoinGroupRequestProtocol
                {
                    Name = Assignors.NameOf(a),
                    Metadata = a == GroupAssignor.CooperativeSticky ? withOwned : plain,
                })],
            Reason = reason,
        };
        return await connection
            .RequestAsync<JoinGroupRequest, JoinGroupResponse>(
                request, extraWait: options.RebalanceTimeout + Slack, cancellationToken: cancellationToken)
            .ConfigureAwait(false);
    }

    /// <summary>Hands in the assignments (leader) or waits for them; answers our own, encoded.</summary>
    public async Task<byte[]> SyncAsync(
        GroupIdentity identity, string? protocol, IReadOnlyDictionary<string, byte[]> assignments, CancellationToken cancellationToken)
    {
        BrokerConnection connection = await coordinator.ConnectAsync(ConnectionUse.Membership, cancellationToken).ConfigureAwait(false);
        var request = new SyncGroupRequest
        {
            GroupId = options.Group!,
            GenerationId = identity.GenerationId,
            MemberId = identity.MemberId,
            GroupInstanceId = identity.InstanceId,
            ProtocolType = ConsumerProtocol.Type,
            ProtocolName = protocol,
            Assignments = [.. assignments.Select(
                static a => new SyncGroupRequest.SyncGroupRequestAssignment { MemberId = a.Key, Assignment = a.Value })],
        };
        using Answer<SyncGroupResponse> answer = await connection
            .RequestAsync<SyncGroupRequest, SyncGroupResponse>(
                request, extraWait: options.RebalanceTimeout + Slack, cancellationToken: cancellationToken)
            .ConfigureAwait(false);
        Check(answer.Message.ErrorCode, "Getting an assignment", connection);
        return answer.Message.Assignment.ToArray();
    }

    /// <summary>Says that we live; answers the coordinator's code (a rebalance is no failure).</summary>
    public async Task<ErrorCode> HeartbeatAsync(GroupIdentity identity, CancellationToken cancellationToken)
    {
        BrokerConnection connection = await coordinator.ConnectAsync(ConnectionUse.Membership, cancellationToken).ConfigureAwait(false);
        var request = new HeartbeatRequest
        {
            GroupId = options.Group!,
            GenerationId = identity.GenerationId,
            MemberId = identity.MemberId,
            GroupInstanceId = identity.InstanceId,
        };
        using Answer<HeartbeatResponse> answer =
            await connection.RequestAsync<HeartbeatRequest, HeartbeatResponse>(request, cancellationToken: cancellationToken)
                .ConfigureAwait(false);
        return answer.Message.ErrorCode;
    }

    /// <summary>Leaves at once, so that the others need not wait for the session to end.</summary>
    public async Task LeaveAsync(GroupIdentity identity, CancellationToken cancellationToken)
    {
        BrokerConnection connection = await coordinator.ConnectAsync(ConnectionUse.General, cancellationToken).ConfigureAwait(false);
        LeaveGroupRequest request = connection.Versions.Pick<LeaveGroupRequest>() >= 3
            ? new LeaveGroupRequest
            {
                GroupId = options.Group!,
                Members =
                [
                    new LeaveGroupRequest.MemberIdentity
                    {
                        MemberId = identity.MemberId, GroupInstanceId = identity.InstanceId, Reason = "the consumer was closed",
                    },
                ],
            }
            : new LeaveGroupRequest { GroupId = options.Group!, MemberId = identity.MemberId };
        using Answer<LeaveGroupResponse> answer =
            await connection.RequestAsync<LeaveGroupRequest, LeaveGroupResponse>(request, cancellationToken: cancellationToken)
                .ConfigureAwait(false);
        Check(answer.Message.ErrorCode, "Leaving", connection);
    }

    /// <summary>Throws for an error code.</summary>
    public void Check(ErrorCode code, string what, BrokerConnection? connection = null)
    {
        if (code != ErrorCode.None)
        {
            throw KafkaErrors.Of(code, $"{what} (group '{options.Group}')", connection?.Address.ToString());
        }
    }
}
