using LogQueue.Engine.Groups;
using LogQueue.Protocol;
using Microsoft.Extensions.Logging;

namespace LogQueue.Server.Groups;

/// <summary>One group and the one lock around it: asks it, wakes it at its deadlines, stores what it wants stored. Thread-safe; the
/// lock is never held while awaiting.</summary>
internal sealed class GroupMailbox : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Group _group;
    private readonly IGroupStore _store;
    private readonly GroupTimers _timers;
    private readonly ILogger _log;
    private readonly ITimer _timer;
    private long _armedMs = long.MaxValue;
    private Task _saving = Task.CompletedTask;
    private int _commitsUnderWay;
    private TaskCompletionSource? _commitsBlocked;
    private bool _isClosed;

    /// <summary>A group that starts empty.</summary>
    public GroupMailbox(string id, GroupOptions options, IGroupStore store, GroupTimers timers, ILogger log)
    {
        _group = new Group(id, options, timers.Now);
        _store = store;
        _timers = timers;
        _log = log;
        _timer = timers.Create(OnTimer);
    }

    /// <summary>The group id.</summary>
    public string Id => _group.Id;

    /// <summary>Takes back what was stored.</summary>
    public void Restore(GroupSnapshot stored) => Ask((group, now) =>
    {
        group.Restore(stored, now);
        return true;
    });

    /// <summary>Asks the group something, alone with it. The function must not block and must keep nothing of the group.</summary>
    public T Ask<T>(Func<Group, GroupTime, T> question)
    {
        lock (_lock)
        {
            T answer = question(_group, _timers.Now);
            AfterChangeLocked();
            return answer;
        }
    }

    /// <summary>Asks the group something that may have to wait. When the caller's connection goes, the group is told.</summary>
    public async Task<T> AskParkedAsync<T>(Func<Group, GroupTime, Task<T>> question, CancellationToken aborted)
    {
        Task<T> answer = Ask(question);
        if (answer.IsCompleted)
        {
            return await answer;
        }

        await using CancellationTokenRegistration registration = aborted.UnsafeRegister(
            static state =>
            {
                (GroupMailbox mailbox, Task parked) = ((GroupMailbox, Task))state!;
                mailbox.Ask((group, now) =>
                {
                    group.Abandon(parked, now);
                    return true;
                });
            },
            (this, (Task)answer));
        return await answer;
    }

    /// <summary>Checks a commit and stores it, unless the check fails. Waits while offsets are being expired.</summary>
    /// <returns>What the check said.</returns>
    public async Task<ErrorCode> CommitAsync(
        Func<Group, GroupTime, ErrorCode> check, IReadOnlyList<OffsetToCommit> offsets, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task blocked;
            lock (_lock)
            {
                if (_commitsBlocked is null)
                {
                    ErrorCode error = check(_group, _timers.Now);
                    AfterChangeLocked();
                    if (error != ErrorCode.None || offsets.Count == 0)
                    {
                        return error;
                    }

                    _commitsUnderWay++;
                    break;
                }

                blocked = _commitsBlocked.Task;
            }

            await blocked.WaitAsync(cancellationToken);
        }

        try
        {
            // Not cancelled with the connection: what passed the check is stored.
            await _store.CommitAsync(Id, offsets, CancellationToken.None);
            return ErrorCode.None;
        }
        finally
        {
            lock (_lock)
            {
                _commitsUnderWay--;
            }
        }
    }

    /// <summary>Does something to the stored offsets that no commit may overlap; false when a commit is under way (try later).</summary>
    public async Task<bool> TryWithoutCommitsAsync(Func<Task> change)
    {
        TaskCompletionSource mine;
        lock (_lock)
        {
            if (_commitsUnderWay > 0 || _commitsBlocked is not null)
            {
                return false;
            }

            mine = _commitsBlocked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        try
        {
            await change();
            return true;
        }
        finally
        {
            lock (_lock)
            {
                _commitsBlocked = null;
            }

            mine.SetResult();
        }
    }

    /// <summary>Completes when no state of the group is on its way to the log. Never faults.</summary>
    public Task SavesSettledAsync()
    {
        lock (_lock)
        {
            return _saving;
        }
    }

    /// <summary>Stops the timer; the group itself stays as it is.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _isClosed = true;
        }

        _timer.Dispose();
    }

    private void OnTimer()
    {
        lock (_lock)
        {
            if (_isClosed)
            {
                return;
            }

            _armedMs = long.MaxValue;
            _group.Tick(_timers.Now);
            AfterChangeLocked();
        }
    }

    private void AfterChangeLocked()
    {
        if (_isClosed)
        {
            return;
        }

        if (_group.NextDeadlineMs != _armedMs)
        {
            _armedMs = _group.NextDeadlineMs;
            _timers.Set(_timer, _armedMs);
        }

        if (_group.TryTakeSave(out GroupSave save))
        {
            _saving = SaveAllAsync(save);
        }
    }

    private async Task SaveAllAsync(GroupSave save)
    {
        // Out of the lock before the store is called.
        await Task.Yield();
        bool more = true;
        while (more)
        {
            bool isDurable = await TrySaveAsync(save.State);
            lock (_lock)
            {
                _group.CompleteSave(save.Version, isDurable, _timers.Now);
                more = _group.TryTakeSave(out save);
                AfterChangeLocked();
            }
        }
    }

    private async Task<bool> TrySaveAsync(GroupSnapshot state)
    {
        try
        {
            await _store.SaveGroupAsync(state, CancellationToken.None);
            return true;
        }
        catch (Exception e)
        {
            // Whatever it is, the callers that wait for this save must be answered; they are told to try again.
            GroupLog.SaveFailed(_log, e, Id, state.GenerationId);
            return false;
        }
    }
}
