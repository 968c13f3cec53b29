using LogQueue.Engine.Groups;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.Records;
using Microsoft.Extensions.Logging;

namespace LogQueue.Server.Groups;

/// <summary>Takes away what is no longer wanted: offsets past their retention, groups that are empty and have none left, and groups that
/// an operator deletes. Thread-safe.</summary>
internal sealed class GroupSweep : IAsyncDisposable
{
    private readonly GroupDirectory _directory;
    private readonly GroupOptions _options;
    private readonly IGroupStore _store;
    private readonly GroupTimers _timers;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stopping = new();
    private Task _loop = Task.CompletedTask;

    /// <summary>Over all groups.</summary>
    public GroupSweep(GroupDirectory directory, GroupOptions options, IGroupStore store, GroupTimers timers, ILogger log)
    {
        _directory = directory;
        _options = options;
        _store = store;
        _timers = timers;
        _log = log;
    }

    /// <summary>Sweeps every offsets.retention.check.interval.ms until disposed.</summary>
    public void Start() => _loop = LoopAsync();

    /// <summary>Sweeps all groups once. A group that fails is logged, and left for the next time.</summary>
    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        foreach (string id in _directory.Ids)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!_directory.TryFind(id, out GroupMailbox? mailbox))
            {
                continue;
            }

            try
            {
                await mailbox.TryWithoutCommitsAsync(() => SweepOneAsync(mailbox));
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                GroupLog.SweepFailed(_log, e, id);
            }
        }
    }

    /// <summary>DeleteGroups: only groups without members go, with all their offsets.</summary>
    public async Task<DeleteGroupsResponse> DeleteAsync(DeleteGroupsRequest request)
    {
        var results = new List<DeleteGroupsResponse.DeletableGroupResult>();
        foreach (string id in request.GroupsNames)
        {
            results.Add(new DeleteGroupsResponse.DeletableGroupResult { GroupId = id, ErrorCode = await DeleteOneAsync(id) });
        }

        return new DeleteGroupsResponse { Results = [.. results] };
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _loop;
        _stopping.Dispose();
    }

    private async Task LoopAsync()
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(_options.OffsetsRetentionCheckIntervalMs), _timers.Time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stopping.Token))
            {
                await SweepAsync(_stopping.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // Disposed: that is how the loop ends.
        }
    }

    private async Task SweepOneAsync(GroupMailbox mailbox)
    {
        long retentionMs = _options.OffsetsRetentionMinutes * 60_000L;
        (IReadOnlyList<TopicPartition> expired, bool goes) = mailbox.Ask((group, now) =>
        {
            IReadOnlyList<KeyValuePair<TopicPartition, CommittedOffset>> all = _store.OffsetsOf(group.Id);
            IReadOnlyList<TopicPartition> due = OffsetRetention.Expired(group, all, retentionMs, now.UnixMs);
            bool useless = group.Phase == GroupPhase.Empty && group.PendingMemberCount == 0 && due.Count == all.Count;
            if (useless)
            {
                group.Kill(now);
            }

            return (due, useless);
        });
        if (goes)
        {
            await DeleteKilledAsync(mailbox);
        }
        else if (expired.Count > 0)
        {
            await _store.DeleteAsync(mailbox.Id, expired, CancellationToken.None);
        }

        if (expired.Count > 0)
        {
            GroupLog.Expired(_log, mailbox.Id, expired.Count);
        }
    }

    private async Task<ErrorCode> DeleteOneAsync(string id)
    {
        if (!_directory.TryFind(id, out GroupMailbox? mailbox))
        {
            return ErrorCode.GroupIdNotFound;
        }

        ErrorCode error = mailbox.Ask(static (group, now) =>
        {
            if (group.Phase == GroupPhase.Dead)
            {
                return ErrorCode.GroupIdNotFound;
            }

            if (group.Phase != GroupPhase.Empty)
            {
                return ErrorCode.NonEmptyGroup;
            }

            group.Kill(now);
            return ErrorCode.None;
        });
        if (error != ErrorCode.None)
        {
            return error;
        }

        try
        {
            await DeleteKilledAsync(mailbox);
            return ErrorCode.None;
        }
        catch (Exception e)
        {
            // The operator is told, whatever the disk or the log says; the group lives on.
            GroupLog.DeleteFailed(_log, e, id);
            return ErrorCode.CoordinatorNotAvailable;
        }
    }

    private async Task DeleteKilledAsync(GroupMailbox mailbox)
    {
        // A state on its way to the log must not land after the deletion.
        await mailbox.SavesSettledAsync();
        try
        {
            await _store.DeleteAsync(mailbox.Id, null, CancellationToken.None);
        }
        catch
        {
            mailbox.Ask(static (group, now) =>
            {
                group.Revive(now);
                return true;
            });
            throw;
        }

        _directory.Remove(mailbox);
    }
}
