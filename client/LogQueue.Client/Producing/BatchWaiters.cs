using System.Threading.Tasks.Sources;

namespace LogQueue.Client.Producing;

/// <summary>The continuations that wait for one batch. Guarded by its owner; running them needs no lock.</summary>
internal sealed class BatchWaiters
{
    private readonly List<Waiter> _waiters = [];

    public void Add(Action<object?> continuation, object? state, ValueTaskSourceOnCompletedFlags flags) =>
        _waiters.Add(Capture(continuation, state, flags));

    /// <summary>Queues all of them: user code never runs on the thread that handles answers.</summary>
    public void Release()
    {
        foreach (Waiter waiter in _waiters)
        {
            Queue(waiter);
        }
    }

    public static void QueueNow(Action<object?> continuation, object? state, ValueTaskSourceOnCompletedFlags flags) =>
        Queue(Capture(continuation, state, flags));

    private static Waiter Capture(Action<object?> continuation, object? state, ValueTaskSourceOnCompletedFlags flags)
    {
        ExecutionContext? context = flags.HasFlag(ValueTaskSourceOnCompletedFlags.FlowExecutionContext) ? ExecutionContext.Capture() : null;
        object? scheduler = null;
        if (flags.HasFlag(ValueTaskSourceOnCompletedFlags.UseSchedulingContext))
        {
            scheduler = SynchronizationContext.Current is { } sync && sync.GetType() != typeof(SynchronizationContext) ? sync
                : TaskScheduler.Current != TaskScheduler.Default ? TaskScheduler.Current : null;
        }

        return new Waiter(continuation, state, context, scheduler);
    }

    private static void Queue(Waiter waiter)
    {
        switch (waiter.Scheduler)
        {
            case SynchronizationContext sync:
#pragma warning disable VSTHRD001 // The awaiting code asked for its own context, as every await does.
                sync.Post(static w => ((Waiter)w!).Run(), waiter);
#pragma warning restore VSTHRD001
                break;
            case TaskScheduler scheduler:
                _ = Task.Factory.StartNew(
                    static w => ((Waiter)w!).Run(), waiter, CancellationToken.None, TaskCreationOptions.DenyChildAttach, scheduler);
                break;
            default:
                ThreadPool.UnsafeQueueUserWorkItem(static w => w.Run(), waiter, preferLocal: false);
                break;
        }
    }

    private sealed class Waiter(Action<object?> continuation, object? state, ExecutionContext? context, object? scheduler)
    {
        public object? Scheduler { get; } = scheduler;

        public void Run()
        {
            if (context is null)
            {
                continuation(state);
            }
            else
            {
                ExecutionContext.Run(context, static w => ((Waiter)w!).Continue(), this);
            }
        }

        private void Continue() => continuation(state);
    }
}
