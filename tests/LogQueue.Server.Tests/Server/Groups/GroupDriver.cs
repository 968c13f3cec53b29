using System.Buffers.Binary;
using System.Text;
using LogQueue.Protocol;
using LogQueue.Server.Groups;
using Microsoft.Extensions.Time.Testing;

namespace LogQueue.Server.Tests.Server.Groups;

/// <summary>Drives one group by hand over a fake clock: calls, lets time pass, confirms saves.</summary>
internal sealed class GroupDriver
{
    private readonly FakeTimeProvider _clock = new();
    private readonly long _start;
    private int _ids;

    public GroupDriver(GroupOptions? options = null)
    {
        _start = _clock.GetTimestamp();
        Options = options ?? new GroupOptions();
        Group = new Group("g", Options, Now);
    }

    public GroupOptions Options { get; }

    public Group Group { get; set; }

    /// <summary>Confirm saves as soon as they are asked for.</summary>
    public bool SavesAtOnce { get; set; } = true;

    public int Saves { get; private set; }

    public GroupTime Now => new(_clock.GetElapsedTime(_start).Ticks / TimeSpan.TicksPerMillisecond, _clock.GetUtcNow().ToUnixTimeMilliseconds());

    public static byte[] Subscription(params string[] topics)
    {
        var bytes = new List<byte> { 0, 0 };
        AddInt32(topics.Length);
        foreach (string topic in topics)
        {
            byte[] name = Encoding.UTF8.GetBytes(topic);
            bytes.Add((byte)(name.Length >> 8));
            bytes.Add((byte)name.Length);
            bytes.AddRange(name);
        }

        AddInt32(-1);
        return [.. bytes];

        void AddInt32(int value)
        {
            byte[] four = new byte[4];
            BinaryPrimitives.WriteInt32BigEndian(four, value);
            bytes.AddRange(four);
        }
    }

    public static GroupProtocol[] Offer(params string[] names) => [.. names.Select(n => new GroupProtocol(n, Subscription("t")))];

    public JoinCall Call(
        string memberId = "", string? instance = null, GroupProtocol[]? offer = null, int session = 10_000, int rebalance = 60_000,
        bool knownId = false, bool skip = true, string type = "consumer") => new()
        {
            MemberId = memberId,
            OfferedMemberId = $"{instance ?? "m"}-{++_ids}",
            InstanceId = instance,
            ClientId = "client",
            ClientHost = "/10.0.0.1",
            SessionTimeoutMs = session,
            RebalanceTimeoutMs = rebalance,
            ProtocolType = type,
            Protocols = offer ?? Offer("range"),
            RequiresKnownMemberId = knownId,
            SupportsSkipAssignment = skip,
        };

    public Task<JoinOutcome> Join(JoinCall call) => After(Group.Join(call, Now));

    public Task<JoinOutcome> Join(string memberId = "", string? instance = null, GroupProtocol[]? offer = null) =>
        Join(Call(memberId, instance, offer));

    public Task<SyncOutcome> Sync(JoinOutcome joined, string? instance = null, params (string Member, byte Assignment)[] assignments) =>
        After(Group.Sync(
            new SyncCall
            {
                MemberId = joined.MemberId,
                InstanceId = instance,
                GenerationId = joined.GenerationId,
                Assignments = assignments.ToDictionary(a => a.Member, a => new[] { a.Assignment }),
            },
            Now));

    public ErrorCode Heartbeat(JoinOutcome joined, string? instance = null) =>
        Group.Heartbeat(joined.MemberId, instance, joined.GenerationId, Now);

    public ErrorCode Leave(string memberId, string? instance = null)
    {
        ErrorCode error = Group.Leave(memberId, instance, Now);
        Settle();
        return error;
    }

    public ErrorCode Commit(JoinOutcome joined, string? instance = null) => Group.CheckCommit(joined.MemberId, instance, joined.GenerationId, Now);

    /// <summary>Lets time pass, waking the group exactly when it wants to be woken.</summary>
    public void Pass(int ms)
    {
        long end = Now.TickMs + ms;
        while (Group.NextDeadlineMs <= end)
        {
            _clock.Advance(TimeSpan.FromMilliseconds(Math.Max(0, Group.NextDeadlineMs - Now.TickMs)));
            Group.Tick(Now);
            Settle();
        }

        _clock.Advance(TimeSpan.FromMilliseconds(end - Now.TickMs));
    }

    public void Settle(bool durable = true)
    {
        while (SavesAtOnce && Group.TryTakeSave(out GroupSave save))
        {
            Saves++;
            Group.CompleteSave(save.Version, durable, Now);
        }
    }

    /// <summary>A stable group of that many members (the first leads), each assigned its number.</summary>
    public JoinOutcome[] Stable(int members)
    {
        Task<JoinOutcome>[] joins = [.. Enumerable.Range(0, members).Select(_ => Join())];
        Pass(Options.InitialRebalanceDelayMs * 2 + 1);
        JoinOutcome[] joined = [.. joins.Select(Answered)];
        SyncAll(joined);
        Assert.Equal(GroupPhase.Stable, Group.Phase);
        return joined;
    }

    public SyncOutcome[] SyncAll(JoinOutcome[] joined)
    {
        (string, byte)[] plan = [.. joined.Select((j, i) => (j.MemberId, (byte)i))];
        Task<SyncOutcome>[] syncs = [.. joined.Select(j => Sync(j, null, j.MemberId == j.Leader ? plan : []))];
        return [.. syncs.Select(Answered)];
    }

    public static T Answered<T>(Task<T> call)
    {
        Assert.True(call.IsCompletedSuccessfully, "the call is still parked");
        return call.Result;
    }

    private Task<T> After<T>(Task<T> call)
    {
        Settle();
        return call;
    }
}
