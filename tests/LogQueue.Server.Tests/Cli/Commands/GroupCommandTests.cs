using System.Text.Json.Nodes;
using LogQueue.Cli;

namespace LogQueue.Server.Tests.Cli.Commands;

public sealed class GroupCommandTests(CliBroker broker) : IClassFixture<CliBroker>
{
    [Fact]
    public async Task A_group_commits_what_was_printed_and_goes_on_there()
    {
        string topic = await broker.NewReadingsAsync(10);
        string group = CliBroker.NewName();

        Assert.Equal(4, (await broker.OkAsync("consume", topic, "-g", group, "-n", "4")).Lines.Length);
        JsonNode row = Assert.Single((await broker.OkAsync("group", "describe", group, "--output", "json")).Json.AsArray())!;
        Assert.Equal(
            (topic, 0, 4L, 10L, 6L),
            ((string)row["topic"]!, (int)row["partition"]!, (long)row["committed"]!, (long)row["end"]!, (long)row["lag"]!));

        CliRun rest = await broker.OkAsync("consume", topic, "-g", group, "-n", "1", "--output", "ndjson");
        Assert.Equal(4, (int)JsonNode.Parse(Assert.Single(rest.Lines))!["offset"]!);
        Assert.Contains((await broker.OkAsync("group", "list")).Lines, l => l.StartsWith(group + "\t", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("beginning", 0)]
    [InlineData("end", 10)]
    [InlineData("7", 7)]
    [InlineData("999", 10)]
    [InlineData("@2026-01-01T00:03:00Z", 3)]
    [InlineData("@2027-01-01", 10)]
    public async Task Reset_shows_the_plan_and_does_it_with_yes(string to, int expected)
    {
        string topic = await broker.NewReadingsAsync(10);
        string group = CliBroker.NewName();
        await broker.OkAsync("consume", topic, "-g", group, "-n", "4");

        CliRun planned = await broker.OkAsync("group", "reset", group, "-t", topic, "--to", to);
        Assert.Equal($"{topic}\t0\t4\t{expected}\tplanned", planned.Lines[1]);
        Assert.Contains("--yes", planned.Errors, StringComparison.Ordinal);
        Assert.Equal(4, await CommittedAsync(group));

        CliRun applied = await broker.OkAsync("group", "reset", group, "-t", topic, "--to", to, "-y", "--output", "json");
        JsonNode moved = Assert.Single(applied.Json.AsArray())!;
        Assert.Equal((4L, (long)expected, "moved"), ((long)moved["from"]!, (long)moved["to"]!, (string)moved["status"]!));
        Assert.Equal(expected, await CommittedAsync(group));
    }

    [Fact]
    public async Task A_deleted_group_is_gone()
    {
        string topic = await broker.NewReadingsAsync(3);
        string group = CliBroker.NewName();
        await broker.OkAsync("consume", topic, "-g", group, "-n", "1");

        Assert.Equal(["GROUP\tSTATUS", $"{group}\tdeleted"], (await broker.OkAsync("group", "delete", group)).Lines);

        Assert.Contains(group, await broker.FailAsync(ExitCode.NotFound, "group", "describe", group), StringComparison.Ordinal);
        Assert.Contains(group, await broker.FailAsync(ExitCode.NotFound, "group", "delete", group), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bad_place_is_exit_2()
    {
        string topic = await broker.NewReadingsAsync(1);
        await broker.FailAsync(ExitCode.Usage, "group", "reset", "g", "-t", topic, "--to", "nowhere");
        await broker.FailAsync(ExitCode.Usage, "group", "reset", "g", "-t", topic);
    }

    private async Task<long> CommittedAsync(string group) =>
        (long)Assert.Single((await broker.OkAsync("group", "describe", group, "--output", "json")).Json.AsArray())!["committed"]!;
}
