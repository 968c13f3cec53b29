using System.Text;
using CsCheck;
using LogQueue.Protocol;
using LogQueue.Server.Groups;

namespace LogQueue.Server.Tests.Server.Groups;

/// <summary>Random clients that join, sync, beat, commit, leave, break off and come back, over a store that is slow and sometimes fails.</summary>
public sealed class GroupModelTests
{
    private enum Act { Join, JoinChanged, Sync, Beat, Commit, Leave, Break, Pass, Save, FailSave, Restart }

    private static readonly Act[] Weighted =
    [
        Act.Join, Act.Join, Act.Join, Act.Join, Act.JoinChanged, Act.Sync, Act.Sync, Act.Sync, Act.Sync, Act.Beat, Act.Beat, Act.Commit,
        Act.Leave, Act.Break, Act.Pass, Act.Pass, Act.Pass, Act.Save, Act.Save, Act.Save, Act.FailSave, Act.Restart,
    ];

    private static readonly Gen<(Act Act, int Client, int Ms)[]> Script =
        Gen.Select(Gen.OneOfConst(Weighted), Gen.Int[0, 5], Gen.OneOfConst(1, 500, 3_000, 6_000, 21_000)).Array[1, 150];

    [Fact]
    public void Whatever_clients_do_a_group_keeps_its_promises() =>
        Script.Sample(static script => new World().Run(script), iter: 3_000, threads: 2);

    private sealed class Client
    {
        public string Id { get; set; } = "";

        public string? Instance { get; init; }

        public bool AsksForId { get; init; }

        public int GenerationId { get; set; } = -1;

        public JoinOutcome? Joined { get; set; }

        public Task<JoinOutcome>? Join { get; set; }

        public Task<SyncOutcome>? Sync { get; set; }

        public byte Flavour { get; set; }
    }

    private sealed class World
    {
        private readonly GroupDriver _d = new(new GroupOptions { MaxGroupSize = 5 }) { SavesAtOnce = false };
        private readonly Client[] _clients =
        [
            new(), new() { AsksForId = true }, new() { AsksForId = true }, new() { Instance = "s1" }, new() { Instance = "s2" }, new(),
        ];

        private readonly Dictionary<int, (string Leader, string? Protocol)> _generations = [];
        private readonly List<Task> _callers = [];
        private int _lastGeneration;

        public void Run((Act Act, int Client, int Ms)[] script)
        {
            foreach ((Act act, int client, int ms) in script)
            {
                Do(act, _clients[client], ms);
                foreach (Client each in _clients)
                {
                    Collect(each);
                }

                Check();
            }

            // With no more calls, time alone frees every caller and empties the group.
            for (int i = 0; i < 40; i++)
            {
                Save(durable: true);
                _d.Pass(30_000);
            }

            Save(durable: true);
            Assert.All(_callers, static c => Assert.True(c.IsCompleted, "a parked caller was lost"));
            Assert.Equal(GroupPhase.Empty, _d.Group.Phase);
            Assert.Empty(_d.Group.Members);
            Assert.Equal(long.MaxValue, _d.Group.NextDeadlineMs);
        }

        private void Do(Act act, Client client, int ms)
        {
            switch (act)
            {
                case Act.JoinChanged:
                    client.Flavour++;
                    StartJoin(client);
                    break;
                case Act.Join:
                    StartJoin(client);
                    break;
                case Act.Sync when client.Joined is { } joined && client.Sync is null:
                    (string, byte)[] plan = [.. joined.Members.Select(m => (m.MemberId, Share(joined.GenerationId, m.MemberId)))];
                    _callers.Add(client.Sync = _d.Sync(joined, client.Instance, plan));
                    break;
                case Act.Beat when client.Joined is { } joined:
                    Expect(_d.Heartbeat(joined, client.Instance), ErrorCode.RebalanceInProgress, ErrorCode.IllegalGeneration);
                    break;
                case Act.Commit when client.Joined is { } joined:
                    Expect(_d.Commit(joined, client.Instance), ErrorCode.RebalanceInProgress, ErrorCode.IllegalGeneration);
                    break;
                case Act.Leave when client.Id.Length > 0:
                    Expect(_d.Leave(client.Id, client.Instance));
                    client.Id = "";
                    client.Joined = null;
                    break;
                case Act.Break when (Task?)client.Join is { } parked:
                    _d.Group.Abandon(parked, _d.Now);
                    break;
                case Act.Break when client.Sync is { } parked:
                    _d.Group.Abandon(parked, _d.Now);
                    break;
                case Act.Pass:
                    _d.Pass(ms);
                    break;
                case Act.Save:
                    Save(durable: true);
                    break;
                case Act.FailSave:
                    Save(durable: false);
                    break;
                case Act.Restart when client.Instance is not null:
                    // The process comes back under the same name and remembers nothing.
                    client.Id = "";
                    client.Joined = null;
                    client.Join = null;
                    client.Sync = null;
                    break;
            }
        }

        private void StartJoin(Client client)
        {
            if (client.Join is not null || client.Sync is not null)
            {
                return;
            }

            byte[] metadata = [.. GroupDriver.Subscription("t" + client.Flavour)];
            GroupProtocol[] offer = [new("range", metadata), new("sticky", metadata)];
            JoinCall call = _d.Call(client.Id, client.Instance, offer, rebalance: 20_000, knownId: client.AsksForId);
            client.Joined = null;
            _callers.Add(client.Join = _d.Join(call));
        }

        private void Collect(Client client)
        {
            if (client.Join is { IsCompleted: true } join)
            {
                client.Join = null;
                JoinOutcome outcome = join.Result;
                if (outcome.Error == ErrorCode.MemberIdRequired || outcome.Error == ErrorCode.None)
                {
                    client.Id = outcome.MemberId;
                }

                if (outcome.Error == ErrorCode.None)
                {
                    client.Joined = outcome;
                    CheckJoined(outcome);
                }
                else
                {
                    Assert.Equal(-1, outcome.GenerationId);
                    Assert.Equal("", outcome.Leader);
                    Forget(client, outcome.Error);
                }
            }

            if (client.Sync is { IsCompleted: true } sync)
            {
                client.Sync = null;
                if (sync.Result.Error == ErrorCode.None && client.Joined is { } joined && sync.Result.Assignment.Length > 0)
                {
                    // What a member gets was meant for it, in its own generation; a returned static member inherits its older self's.
                    byte share = Assert.Single(sync.Result.Assignment);
                    Assert.True(
                        client.Instance is not null || share == Share(joined.GenerationId, joined.MemberId),
                        "a member got what was meant for another");
                }
                else
                {
                    Forget(client, sync.Result.Error);
                }
            }
        }

        private void CheckJoined(JoinOutcome outcome)
        {
            Assert.InRange(outcome.GenerationId, 1, _d.Group.GenerationId);
            bool leads = outcome.Leader == outcome.MemberId;
            if (_generations.TryGetValue(outcome.GenerationId, out (string Leader, string? Protocol) known))
            {
                // A static leader that was replaced goes on under its new id.
                bool sameLeader = known.Leader == outcome.Leader || known.Leader[0] == 's';
                Assert.True(sameLeader, "two leaders in one generation");
                Assert.Equal(known.Protocol, outcome.ProtocolName);
            }
            else
            {
                _generations[outcome.GenerationId] = (outcome.Leader, outcome.ProtocolName);
            }

            Assert.True(leads || outcome.Members.Count == 0, "a follower was told the members");
            Assert.True(!leads || outcome.Members.Any(m => m.MemberId == outcome.MemberId), "a leader is not among its members");
            Assert.Equal(outcome.Members.Count, outcome.Members.Select(m => m.MemberId).Distinct().Count());
        }

        private void Check()
        {
            Group group = _d.Group;
            Assert.True(group.GenerationId >= _lastGeneration, "the generation went back");
            _lastGeneration = group.GenerationId;
            Assert.True(group.Members.Count == 0 || group.Members.Count(m => m.Id == group.LeaderId) == 1, "not exactly one leader");
            Assert.True(group.Phase != GroupPhase.Stable || group.Members.Count > 0, "a stable group without members");
            Assert.True(group.Phase is not GroupPhase.Empty || group.Members.Count == 0, "an empty group with members");
            Assert.True(group.Phase == GroupPhase.CompletingRebalance || group.Members.All(m => m.ParkedSync is null), "a sync is parked outside its phase");
            Assert.True(
                group.Phase == GroupPhase.PreparingRebalance || group.Members.All(m => m.ParkedJoin is null), "a join is parked outside its phase");
            Assert.All(group.Members, m => Assert.True(
                m.ParkedJoin is not null || m.ParkedSync is not null || m.DeadlineMs < long.MaxValue, "a member nobody waits for and nobody times"));
            Assert.All(group.Members, m => Assert.True(m.DeadlineMs >= group.NextDeadlineMs, "a deadline would be missed"));
        }

        private void Save(bool durable)
        {
            while (_d.Group.TryTakeSave(out GroupSave save))
            {
                _d.Group.CompleteSave(save.Version, durable, _d.Now);
            }
        }

        private static void Forget(Client client, ErrorCode error)
        {
            if (error is ErrorCode.UnknownMemberId or ErrorCode.FencedInstanceId or ErrorCode.NetworkException && client.Join is null)
            {
                client.Id = error == ErrorCode.NetworkException ? client.Id : "";
                client.Joined = null;
            }
        }

        private static void Expect(ErrorCode error, params ErrorCode[] alsoFine) => Assert.Contains(
            error, (ErrorCode[])[ErrorCode.None, ErrorCode.UnknownMemberId, ErrorCode.FencedInstanceId, .. alsoFine]);

        private static byte Share(int generation, string member) =>
            (byte)(1 + ((generation * 31) + Encoding.UTF8.GetBytes(member).Sum(b => b)) % 251);
    }
}
