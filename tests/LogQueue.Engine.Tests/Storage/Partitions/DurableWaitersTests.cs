using CsCheck;
using LogQueue.Storage.Partitions;

namespace LogQueue.Engine.Tests.Storage.Partitions;

/// <summary>Those who wait for durability, against a list of who should have been answered what.</summary>
public sealed class DurableWaitersTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private static readonly Gen<List<(int Kind, int A)>> Scripts = Gen.Select(Gen.Int[0, 99], Gen.Int[0, 40], static (k, a) => (k, a)).List[1, 60];

    private enum Fate
    {
        Waiting,
        Answered,
        Cut,
        Cancelled,
        Failed,
    }

    [Fact]
    public void Everybody_is_answered_once_and_rightly() => Scripts.Sample(static steps =>
    {
        var waiters = new DurableWaiters();
        List<Waiting> model = [];
        long durable = 0;
        bool failed = false;
        foreach ((int kind, int a) in steps)
        {
            switch (kind)
            {
                case < 50:
                    var cancellation = new CancellationTokenSource();
                    model.Add(new Waiting(a, cancellation, waiters.WaitAsync(a, cancellation.Token).AsTask())
                    {
                        Fate = durable >= a ? Fate.Answered : failed ? Fate.Failed : Fate.Waiting,
                    });
                    break;
                case < 80:
                    durable = Math.Max(durable, a);
                    waiters.Advance(a);
                    Decide(model, w => w.EndOffset <= durable, Fate.Answered);
                    break;
                case < 88:
                    durable = Math.Min(durable, a);
                    waiters.CutTo(a, new InvalidOperationException("cut"));
                    Decide(model, w => w.EndOffset > a, Fate.Cut);
                    break;
                case < 98:
                    if (model.Count > 0)
                    {
                        Waiting one = model[a % model.Count];
                        one.Cancellation.Cancel();
                        Decide([one], static _ => true, Fate.Cancelled);
                    }

                    break;
                default:
                    failed = true;
                    waiters.Fail(new TimeoutException("failed"));
                    Decide(model, static _ => true, Fate.Failed);
                    break;
            }

            Assert.Equal(durable, waiters.DurableEnd);
            Assert.True(waiters.HasWaiters || !model.Exists(static w => w.Fate == Fate.Waiting));
        }

        foreach (Waiting waiting in model)
        {
            waiting.Check();
        }
    }, iter: 2000, threads: 1);

    [Fact]
    public async Task Waiters_are_answered_while_others_come_and_go()
    {
        var waiters = new DurableWaiters();
        long end = 0;
        using var stop = new CancellationTokenSource();
        Task advancing = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                waiters.Advance(Interlocked.Increment(ref end));
                Thread.Yield(); // else nobody else gets the lock on a busy machine
            }
        });
        await Task.WhenAll(Enumerable.Range(0, 4).Select(n => Task.Run(async () =>
        {
            var random = new Random(n);
            for (int i = 0; i < 2000; i++)
            {
                using var cancellation = new CancellationTokenSource();
                long wanted = Interlocked.Read(ref end) + random.Next(50);
                ValueTask waiting = waiters.WaitAsync(wanted, cancellation.Token);
                if (random.Next(4) == 0)
                {
                    await cancellation.CancelAsync();
                }

                try
                {
                    await waiting;
                    Assert.True(waiters.DurableEnd >= wanted);
                }
                catch (OperationCanceledException)
                {
                    Assert.True(cancellation.IsCancellationRequested);
                }
            }
        }))).WaitAsync(Patience);
        await stop.CancelAsync();
        await advancing;
        Assert.Equal(end, waiters.DurableEnd);
    }

    private static void Decide(List<Waiting> model, Predicate<Waiting> match, Fate fate)
    {
        foreach (Waiting waiting in model)
        {
            if (waiting.Fate == Fate.Waiting && match(waiting))
            {
                waiting.Fate = fate;
            }
        }
    }

    private sealed record Waiting(long EndOffset, CancellationTokenSource Cancellation, Task Task)
    {
        public Fate Fate { get; set; }

        public void Check()
        {
            if (Fate == Fate.Waiting)
            {
                Assert.False(Task.IsCompleted);
                return;
            }

            Assert.True(Task.ContinueWith(static _ => { }, TaskScheduler.Default).Wait(Patience), "nobody answered");
            Fate answered = Task.IsCanceled ? Fate.Cancelled : Task.Exception?.InnerException switch
            {
                null => Fate.Answered,
                InvalidOperationException => Fate.Cut,
                OperationCanceledException => Fate.Cancelled,
                _ => Fate.Failed,
            };
            Assert.Equal(Fate, answered);
        }
    }
}
