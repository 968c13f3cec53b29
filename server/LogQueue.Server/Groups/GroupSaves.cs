using LogQueue.Protocol;

namespace LogQueue.Server.Groups;

/// <summary>Which changes of a group are stored already, and who waits for it. A save covers every change requested before it was
/// taken; one save is under way at a time, so that the log holds them in order. Touched only under its group's lock.</summary>
internal sealed class GroupSaves
{
    private readonly List<(long Version, TaskCompletionSource<JoinOutcome> Caller, JoinOutcome Outcome)> _waiting = [];
    private long _requested;
    private long _taken;
    private bool _isUnderWay;

    /// <summary>Something changed; the result is the version that will cover it (from 1).</summary>
    public long Request() => ++_requested;

    /// <summary>An answer that goes out once the present state is stored.</summary>
    public Task<JoinOutcome> AnswerWhenSaved(JoinOutcome outcome)
    {
        var caller = new TaskCompletionSource<JoinOutcome>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting.Add((Request(), caller, outcome));
        return caller.Task;
    }

    /// <summary>True when there is something to store and nobody is storing.</summary>
    public bool TryTake(out long version)
    {
        version = _requested;
        if (_isUnderWay || _taken == _requested)
        {
            return false;
        }

        _taken = _requested;
        _isUnderWay = true;
        return true;
    }

    /// <summary>The save is done; answers those who waited for it.</summary>
    public void Complete(long version, bool isDurable)
    {
        _isUnderWay = false;
        for (int i = _waiting.Count - 1; i >= 0; i--)
        {
            (long needed, TaskCompletionSource<JoinOutcome> caller, JoinOutcome outcome) = _waiting[i];
            if (needed <= version)
            {
                _waiting.RemoveAt(i);
                caller.TrySetResult(isDurable ? outcome : JoinOutcome.Refuse(ErrorCode.CoordinatorNotAvailable, outcome.MemberId));
            }
        }
    }

    /// <summary>Nothing will be stored any more.</summary>
    public void FailAll() => Complete(long.MaxValue, isDurable: false);
}
