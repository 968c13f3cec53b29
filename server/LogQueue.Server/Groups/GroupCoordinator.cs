using LogQueue.Engine;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.Server.Requests;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace LogQueue.Server.Groups;

/// <summary>Serves the group APIs: routes each request to its group, and turns its answer into the response of the request's version.
/// Thread-safe.</summary>
internal sealed class GroupCoordinator : IAsyncDisposable
{
    private readonly GroupOptions _options;
    private readonly GroupDirectory _directory;
    private readonly GroupOffsetRequests _offsets;
    private readonly GroupReports _reports;
    private readonly GroupSweep _sweep;

    /// <summary>Over an open engine. <see cref="Start"/> brings its stored groups to life.</summary>
    public GroupCoordinator(LogEngine engine, GroupOptions options, TimeProvider time, ILogger? log = null)
        : this(new EngineGroupStore(engine), options, time, log)
    {
    }

    /// <summary>Over any store.</summary>
    public GroupCoordinator(IGroupStore store, GroupOptions options, TimeProvider time, ILogger? log = null)
    {
        ILogger logger = log ?? NullLogger.Instance;
        var timers = new GroupTimers(time);
        _options = options;
        _directory = new GroupDirectory(options, store, timers, logger);
        _offsets = new GroupOffsetRequests(_directory, options, store, timers, logger);
        _reports = new GroupReports(_directory);
        _sweep = new GroupSweep(_directory, options, store, timers, logger);
    }

    /// <summary>Loads the stored groups and starts the sweep of expired offsets.</summary>
    public void Start()
    {
        _directory.Load();
        _sweep.Start();
    }

    /// <summary>Expires what is due now; the sweep calls it by itself every offsets.retention.check.interval.ms.</summary>
    public Task SweepAsync() => _sweep.SweepAsync(CancellationToken.None);

    /// <summary>JoinGroup.</summary>
    public async Task<JoinGroupResponse> JoinAsync(JoinGroupRequest request, RequestContext context)
    {
        ErrorCode error = GroupRules.CheckJoin(request, _options);
        GroupMailbox? mailbox = null;
        if (error == ErrorCode.None && request.MemberId.Length > 0 && !_directory.TryFind(request.GroupId, out mailbox))
        {
            error = ErrorCode.UnknownMemberId;
        }

        if (error == ErrorCode.None && mailbox is null && !_directory.TryFindOrCreate(request.GroupId, out mailbox))
        {
            error = ErrorCode.PolicyViolation;
        }

        if (error != ErrorCode.None)
        {
            return GroupRules.ToResponse(JoinOutcome.Refuse(error, request.MemberId), context.ApiVersion);
        }

        JoinCall call = GroupRules.ToCall(request, context);
        context.ReleaseFrame();
        JoinOutcome outcome = await mailbox!.AskParkedAsync((group, now) => group.Join(call, now), context.Aborted);
        return GroupRules.ToResponse(outcome, context.ApiVersion);
    }

    /// <summary>SyncGroup.</summary>
    public async Task<SyncGroupResponse> SyncAsync(SyncGroupRequest request, RequestContext context)
    {
        ErrorCode error = GroupRules.CheckSync(request, context.ApiVersion, _options);
        GroupMailbox? mailbox = null;
        if (error == ErrorCode.None && !_directory.TryFind(request.GroupId, out mailbox))
        {
            error = ErrorCode.UnknownMemberId;
        }

        if (error != ErrorCode.None)
        {
            return new SyncGroupResponse { ErrorCode = error };
        }

        SyncCall call = GroupRules.ToCall(request);
        context.ReleaseFrame();
        SyncOutcome outcome = await mailbox!.AskParkedAsync((group, now) => group.Sync(call, now), context.Aborted);
        return new SyncGroupResponse
        {
            ErrorCode = outcome.Error,
            ProtocolType = outcome.ProtocolType,
            ProtocolName = outcome.ProtocolName,
            Assignment = outcome.Assignment,
        };
    }

    /// <summary>Heartbeat.</summary>
    public HeartbeatResponse Heartbeat(HeartbeatRequest request)
    {
        ErrorCode error = request.GroupId.Length == 0 ? ErrorCode.InvalidGroupId : ErrorCode.UnknownMemberId;
        if (error != ErrorCode.InvalidGroupId && _directory.TryFind(request.GroupId, out GroupMailbox? mailbox))
        {
            error = mailbox.Ask((group, now) => group.Heartbeat(request.MemberId, request.GroupInstanceId, request.GenerationId, now));
        }

        return new HeartbeatResponse { ErrorCode = error };
    }

    /// <summary>LeaveGroup; before v3 one member leaves, from then on several at once.</summary>
    public LeaveGroupResponse Leave(LeaveGroupRequest request, RequestContext context)
    {
        if (request.GroupId.Length == 0)
        {
            return new LeaveGroupResponse { ErrorCode = ErrorCode.InvalidGroupId };
        }

        bool isBatch = context.ApiVersion >= 3;
        LeaveGroupRequest.MemberIdentity[] leaving =
            isBatch ? request.Members : [new LeaveGroupRequest.MemberIdentity { MemberId = request.MemberId }];
        ErrorCode[] errors = _directory.TryFind(request.GroupId, out GroupMailbox? mailbox)
            ? mailbox.Ask((group, now) => leaving.Select(m => group.Leave(m.MemberId, m.GroupInstanceId, now)).ToArray())
            : [.. leaving.Select(static _ => ErrorCode.UnknownMemberId)];
        if (!isBatch)
        {
            return new LeaveGroupResponse { ErrorCode = errors[0] };
        }

        if (errors.Contains(ErrorCode.CoordinatorNotAvailable))
        {
            return new LeaveGroupResponse { ErrorCode = ErrorCode.CoordinatorNotAvailable };
        }

        return new LeaveGroupResponse
        {
            Members =
            [
                .. leaving.Zip(errors, static (m, e) => new LeaveGroupResponse.MemberResponse
                {
                    MemberId = m.MemberId,
                    GroupInstanceId = m.GroupInstanceId,
                    ErrorCode = e,
                }),
            ],
        };
    }

    /// <summary>OffsetCommit.</summary>
    public Task<OffsetCommitResponse> CommitOffsetsAsync(OffsetCommitRequest request, RequestContext context) =>
        _offsets.CommitAsync(request, context);

    /// <summary>OffsetFetch.</summary>
    public OffsetFetchResponse FetchOffsets(OffsetFetchRequest request, RequestContext context) =>
        _offsets.Fetch(request, context.ApiVersion);

    /// <summary>OffsetDelete.</summary>
    public Task<OffsetDeleteResponse> DeleteOffsetsAsync(OffsetDeleteRequest request) => _offsets.DeleteAsync(request);

    /// <summary>ListGroups.</summary>
    public ListGroupsResponse List(ListGroupsRequest request) => _reports.List(request);

    /// <summary>DescribeGroups.</summary>
    public DescribeGroupsResponse Describe(DescribeGroupsRequest request, RequestContext context) =>
        _reports.Describe(request, context.ApiVersion);

    /// <summary>DeleteGroups.</summary>
    public Task<DeleteGroupsResponse> DeleteAsync(DeleteGroupsRequest request) => _sweep.DeleteAsync(request);

    /// <summary>Stops the timers and waits for what is being stored. Parked callers end with their connections.</summary>
    public async ValueTask DisposeAsync()
    {
        await _sweep.DisposeAsync();
        foreach (GroupMailbox mailbox in _directory.Mailboxes)
        {
            mailbox.Dispose();
            await mailbox.SavesSettledAsync();
        }
    }
}
