using System.Text.Json.Nodes;
using LogQueue.Cli;

namespace LogQueue.Server.Tests.Cli.Commands;

public sealed class TopicCommandTests(CliBroker broker) : IClassFixture<CliBroker>
{
    [Fact]
    public async Task A_topic_lives_from_create_to_delete()
    {
        string topic = CliBroker.NewName();
        CliRun created = await broker.OkAsync("topic", "create", topic, "-p", "3", "-c", "retention.ms=60000");
        Assert.Equal(["TOPIC\tPARTITIONS\tSTATUS", $"{topic}\t3\tcreated"], created.Lines);

        Assert.Contains($"{topic}\t3\t0", (await broker.OkAsync("topic", "list")).Lines);
        CliRun described = await broker.OkAsync("topic", "describe", topic);
        Assert.Equal(4, described.Lines.Length);
        Assert.Contains("retention.ms=60000", described.Errors, StringComparison.Ordinal);

        Assert.Contains($"{topic}\tdeleted", (await broker.OkAsync("topic", "delete", topic)).Lines);
        Assert.DoesNotContain(topic, (await broker.OkAsync("topic", "list")).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Json_has_the_same_facts()
    {
        string topic = CliBroker.NewName();
        CliRun run = await broker.OkAsync("topic", "create", topic, "-p", "2", "-c", "retention.ms=60000", "--output", "json");
        JsonNode created = run.Json[0]!;
        Assert.Equal((topic, 2, "created"), ((string)created["topic"]!, (int)created["partitions"]!, (string)created["status"]!));

        JsonNode described = (await broker.OkAsync("topic", "describe", topic, "--output", "json")).Json;
        Assert.Equal(topic, (string)described["topic"]!);
        Assert.Equal((string)created["id"]!, (string)described["id"]!);
        Assert.Equal("60000", (string)described["configs"]!["retention.ms"]!);
        Assert.Equal([0, 1], described["partitions"]!.AsArray().Select(static p => (int)p!["partition"]!).Order());
        Assert.All(
            described["partitions"]!.AsArray(),
            static p => Assert.Equal((0L, 0L), ((long)p!["log_start_offset"]!, (long)p["log_end_offset"]!)));

        JsonArray listed = (await broker.OkAsync("topic", "list", "--output", "json")).Json.AsArray();
        JsonNode mine = Assert.Single(listed, t => (string)t!["topic"]! == topic)!;
        Assert.Equal((2, 0L), ((int)mine["partitions"]!, (long)mine["records"]!));
    }

    [Fact]
    public async Task Ndjson_and_csv_are_one_line_each()
    {
        string topic = CliBroker.NewName();
        CliRun created = await broker.OkAsync("topic", "create", topic, "--output", "ndjson");
        Assert.Equal(topic, (string)JsonNode.Parse(Assert.Single(created.Lines))!["topic"]!);
        Assert.Equal(["TOPIC,STATUS", $"{topic},deleted"], (await broker.OkAsync("topic", "delete", topic, "--output", "csv")).Lines);
    }

    [Theory]
    [InlineData("describe")]
    [InlineData("delete")]
    public async Task An_unknown_topic_is_exit_4(string verb)
    {
        string line = await broker.FailAsync(ExitCode.NotFound, "topic", verb, "no-such-topic");
        Assert.Contains("no-such-topic", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bad_setting_is_exit_78()
    {
        string line = await broker.FailAsync(ExitCode.BadConfig, "topic", "create", CliBroker.NewName(), "-c", "retention.msx=1");
        Assert.Contains("retention.msx", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_setting_without_a_value_is_exit_2()
    {
        string line = await broker.FailAsync(ExitCode.Usage, "topic", "create", CliBroker.NewName(), "-c", "retention.ms");
        Assert.Contains("key=value", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bad_name_is_refused()
    {
        string line = await broker.FailAsync(ExitCode.Failed, "topic", "create", "a/b");
        Assert.Contains("a/b", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_existing_topic_is_refused()
    {
        string topic = CliBroker.NewName();
        await broker.OkAsync("topic", "create", topic);
        Assert.Contains(topic, await broker.FailAsync(ExitCode.Failed, "topic", "create", topic), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_error_in_json_is_an_object_with_a_code()
    {
        CliRun run = await broker.RunAsync("topic", "describe", "no-such-topic", "--output", "json");
        Assert.Equal(ExitCode.NotFound, run.ExitCode);
        Assert.Equal("UNKNOWN_TOPIC_OR_PARTITION", (string)run.Json["error"]!["code"]!);
    }
}
