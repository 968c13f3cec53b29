using LogQueue.TestKit.Oracle;

namespace LogQueue.Engine.Tests.Storage.Crashes;

/// <summary>The oracle finds each kind of broken promise, and nothing in a log that kept them.</summary>
public sealed class DurabilityOracleTests
{
    private const string P = "t-0";

    [Fact]
    public void Everything_between_acknowledged_and_appended_is_right()
    {
        DurabilityOracle oracle = Appended(4, acknowledged: 2);
        Assert.Null(oracle.Judge(P, Log(0, 1, 2)));
        Assert.Null(oracle.Judge(P, Log(0, 1, 2, 3)));
        Assert.Null(oracle.Judge(P, Log(0, 1, 2, 3, 4)));
        Assert.Null(oracle.Judge("unknown-0", Log(0, 77)));
    }

    [Theory]
    [InlineData("lost", new long[] { 1 })]
    [InlineData("changed", new long[] { 1, 3 })]
    [InlineData("foreign", new long[] { 1, 2, 99 })]
    [InlineData("twice", new long[] { 1, 2, 3, 3 })]
    [InlineData("not in order", new long[] { 1, 2, 4, 3 })]
    public void What_broke_its_promise_is_found(string how, long[] tags)
    {
        Assert.NotNull(how);
        Assert.NotNull(Appended(4, acknowledged: 2).Judge(P, Log(0, tags)));
    }

    [Fact]
    public void A_record_of_unknown_offset_is_there_once()
    {
        var oracle = new DurabilityOracle();
        oracle.Attempt(P, 5);
        oracle.Attempt(P, 6);
        Assert.Null(oracle.Judge(P, Log(0, 6, 5)));
        Assert.Null(oracle.Judge(P, Log(0)));
        Assert.NotNull(oracle.Judge(P, Log(0, 5, 5)));
        oracle.Acknowledge(P, 5, 0);
        Assert.NotNull(oracle.Judge(P, Log(0, 6, 5)));
        Assert.Null(oracle.Judge(P, Log(0, 5, 6)));
        Assert.Throws<InvalidOperationException>(() => oracle.Acknowledge(P, 6, 0));
    }

    [Fact]
    public void What_a_consumer_saw_stays()
    {
        DurabilityOracle oracle = Appended(3, acknowledged: 0);
        Assert.Null(oracle.Judge(P, Log(0)));
        oracle.Observe(P, 2, 1);
        Assert.NotNull(oracle.Judge(P, Log(0, 1)));
        Assert.Null(oracle.Judge(P, Log(0, 1, 2)));
    }

    [Fact]
    public void The_log_start_is_one_that_was_asked_for_and_offsets_have_no_holes()
    {
        DurabilityOracle oracle = Appended(4, acknowledged: 4);
        Assert.NotNull(oracle.Judge(P, Log(1, 2, 3, 4)));
        oracle.RequestLogStart(P, 2);
        Assert.Null(oracle.Judge(P, Log(0, 1, 2, 3, 4)));
        Assert.Null(oracle.Judge(P, Log(1, 2, 3, 4)));
        Assert.Null(oracle.Judge(P, Log(2, 3, 4)));
        Assert.NotNull(oracle.Judge(P, Log(3, 4)));
        oracle.ConfirmLogStart(P, 2);
        Assert.NotNull(oracle.Judge(P, Log(1, 2, 3, 4)));
        Assert.NotNull(oracle.Judge(P, Log(2, 3)));
        Assert.NotNull(oracle.Judge(P, Log(2, 3, 4) with { Records = [new(2, 3), new(4, 4)] }));
        Assert.NotNull(oracle.Judge(P, Log(2, 3, 4) with { End = 5 }));
        Assert.NotNull(oracle.Judge(P, Log(2, 3, 4) with { Damage = "a bad byte" }));
    }

    [Fact]
    public void What_was_cut_or_deleted_does_not_come_back()
    {
        DurabilityOracle oracle = Appended(4, acknowledged: 4);
        oracle.BeginTruncate(P, 2);
        Assert.Null(oracle.Judge(P, Log(0, 1, 2, 3, 4)));
        Assert.Null(oracle.Judge(P, Log(0, 1, 2)));
        Assert.NotNull(oracle.Judge(P, Log(0, 1)));
        oracle.EndTruncate(P, 2);
        Assert.NotNull(oracle.Judge(P, Log(0, 1, 2, 3)));
        oracle.Attempt(P, 9, 2);
        Assert.Null(oracle.Judge(P, Log(0, 1, 2, 9)));
        oracle.Delete(P);
        Assert.Null(oracle.Judge(P, Log(0)));
        oracle.Create(P);
        Assert.NotNull(oracle.Judge(P, Log(0, 1)));
        Assert.Null(oracle.Judge(P, Log(0)));
    }

    [Fact]
    public void Transactions_are_seen_whole_or_not_at_all()
    {
        var oracle = new DurabilityOracle();
        oracle.Attempt(P, 1, 0, transaction: 7);
        oracle.Attempt(P, 2, 1);
        FoundLog open = Log(0, 1, 2) with { LastStable = 0, CommittedTags = new HashSet<long>() };
        Assert.Null(oracle.Judge(P, open));
        Assert.NotNull(oracle.Judge(P, open with { LastStable = 2, CommittedTags = new HashSet<long> { 2 } }));
        Assert.NotNull(oracle.Judge(P, open with { CommittedTags = new HashSet<long> { 1 } }));
        DurabilityOracle aborted = oracle.Snapshot();
        aborted.Decide(P, 7, commit: false, 2);
        oracle.Decide(P, 7, commit: true, 2);
        Assert.Null(oracle.Judge(P, open));
        FoundLog decided = Log(0, 1, 2, DurabilityOracle.Marker) with { LastStable = 3, CommittedTags = new HashSet<long> { 1, 2 } };
        Assert.Null(oracle.Judge(P, decided));
        Assert.NotNull(aborted.Judge(P, decided));
        Assert.NotNull(oracle.Judge(P, decided with { CommittedTags = new HashSet<long> { 2 } }));
        Assert.Null(aborted.Judge(P, decided with { CommittedTags = new HashSet<long> { 2 } }));
        Assert.NotNull(oracle.Judge(P, Log(0, 1, DurabilityOracle.Marker))); // nobody wrote a marker there
    }

    [Fact]
    public void Committed_offsets_are_the_last_acknowledged_or_one_asked_for_since()
    {
        var oracle = new DurabilityOracle();
        oracle.CommitOffset("g", P, 5);
        Assert.Null(oracle.JudgeOffsets((_, _) => null));
        Assert.Null(oracle.JudgeOffsets((_, _) => 5));
        oracle.AcknowledgeOffset("g", P, 5);
        Assert.NotNull(oracle.JudgeOffsets((_, _) => null));
        oracle.CommitOffset("g", P, 8);
        DurabilityOracle before = oracle.Snapshot();
        oracle.AcknowledgeOffset("g", P, 8);
        Assert.Null(before.JudgeOffsets((_, _) => 5));
        Assert.Null(before.JudgeOffsets((_, _) => 8));
        Assert.NotNull(oracle.JudgeOffsets((_, _) => 5));
        Assert.NotNull(before.JudgeOffsets((_, _) => 6));
    }

    private static DurabilityOracle Appended(int count, int acknowledged)
    {
        var oracle = new DurabilityOracle();
        oracle.Create(P);
        for (int i = 0; i < count; i++)
        {
            oracle.Attempt(P, i + 1, i);
            if (i < acknowledged)
            {
                oracle.Acknowledge(P, i + 1, i);
            }
        }

        return oracle;
    }

    private static FoundLog Log(long start, params long[] tags) => new()
    {
        LogStart = start,
        End = start + tags.Length,
        LastStable = start + tags.Length,
        Records = [.. tags.Select((tag, i) => new FoundRecord(start + i, tag))],
    };
}
