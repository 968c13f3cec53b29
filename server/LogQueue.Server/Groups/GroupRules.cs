using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.Server.Requests;

namespace LogQueue.Server.Groups;

/// <summary>Between wire messages and group calls: what is refused before a group is asked, and how versions differ. Pure.</summary>
internal static class GroupRules
{
    private const int MostNameChars = 249;
    private const int MostClientIdChars = 255;

    /// <summary>Is a join well formed and within limits?</summary>
    public static ErrorCode CheckJoin(JoinGroupRequest request, GroupOptions options)
    {
        if (request.GroupId.Length == 0)
        {
            return ErrorCode.InvalidGroupId;
        }

        if (request.SessionTimeoutMs < options.MinSessionTimeoutMs || request.SessionTimeoutMs > options.MaxSessionTimeoutMs)
        {
            return ErrorCode.InvalidSessionTimeout;
        }

        if (request.GroupInstanceId is { } name && !IsInstanceName(name))
        {
            return ErrorCode.InvalidConfig;
        }

        long bytes = request.Protocols.Sum(static p => (long)p.Metadata.Length);
        return bytes > options.MaxMemberMetadataBytes ? ErrorCode.InvalidRequest : ErrorCode.None;
    }

    /// <summary>Is a sync well formed and within limits?</summary>
    public static ErrorCode CheckSync(SyncGroupRequest request, short version, GroupOptions options)
    {
        if (request.GroupId.Length == 0)
        {
            return ErrorCode.InvalidGroupId;
        }

        if (version >= 5 && (request.ProtocolType is null || request.ProtocolName is null))
        {
            return ErrorCode.InconsistentGroupProtocol;
        }

        long bytes = request.Assignments.Sum(static a => (long)a.Assignment.Length);
        return bytes > options.MaxAssignmentBytes ? ErrorCode.InvalidRequest : ErrorCode.None;
    }

    /// <summary>Copies a join out of its frame.</summary>
    public static JoinCall ToCall(JoinGroupRequest request, RequestContext context)
    {
        short version = context.ApiVersion;
        string stem = request.GroupInstanceId ?? context.ClientId;
        return new JoinCall
        {
            MemberId = request.MemberId,
            OfferedMemberId = $"{(stem.Length > MostClientIdChars ? stem[..MostClientIdChars] : stem)}-{Guid.NewGuid():D}",
            InstanceId = request.GroupInstanceId,
            ClientId = context.ClientId,
            ClientHost = context.Connection.ClientHost,
            SessionTimeoutMs = request.SessionTimeoutMs,

            // v0 knows no rebalance timeout: the session timeout stands for both.
            RebalanceTimeoutMs = version == 0 || request.RebalanceTimeoutMs < 0 ? request.SessionTimeoutMs : request.RebalanceTimeoutMs,
            ProtocolType = request.ProtocolType,
            Protocols = [.. request.Protocols.Select(static p => new GroupProtocol(p.Name, p.Metadata.ToArray()))],
            RequiresKnownMemberId = version >= 4,
            SupportsSkipAssignment = version >= 9,
        };
    }

    /// <summary>Copies a sync out of its frame. Of two assignments for one member the later counts.</summary>
    public static SyncCall ToCall(SyncGroupRequest request)
    {
        var assignments = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (SyncGroupRequest.SyncGroupRequestAssignment assignment in request.Assignments)
        {
            assignments[assignment.MemberId] = assignment.Assignment.ToArray();
        }

        return new SyncCall
        {
            MemberId = request.MemberId,
            InstanceId = request.GroupInstanceId,
            GenerationId = request.GenerationId,
            ProtocolType = request.ProtocolType,
            ProtocolName = request.ProtocolName,
            Assignments = assignments,
        };
    }

    /// <summary>The response to a join.</summary>
    public static JoinGroupResponse ToResponse(JoinOutcome outcome, short version) => new()
    {
        ErrorCode = outcome.Error,
        GenerationId = outcome.GenerationId,
        ProtocolType = outcome.ProtocolType,
        ProtocolName = outcome.ProtocolName ?? (version >= 7 ? null : ""),
        Leader = outcome.Leader,
        SkipAssignment = version >= 9 && outcome.SkipAssignment,
        MemberId = outcome.MemberId,
        Members =
        [
            .. outcome.Members.Select(static m => new JoinGroupResponse.JoinGroupResponseMember
            {
                MemberId = m.MemberId,
                GroupInstanceId = m.InstanceId,
                Metadata = m.Metadata,
            }),
        ],
    };

    private static bool IsInstanceName(string name) =>
        name.Length is > 0 and <= MostNameChars && name is not "." and not ".."
        && name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');
}
