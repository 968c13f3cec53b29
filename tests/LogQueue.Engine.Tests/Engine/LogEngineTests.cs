using System.Text;
using LogQueue.Engine.Errors;
using LogQueue.Engine.Partitions;
using LogQueue.Engine.Topics;
using Record = LogQueue.Records.Record;

namespace LogQueue.Engine.Tests.Engine;

public sealed class LogEngineTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private static CancellationToken Timeout => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task What_is_appended_is_read_back_after_reopening()
    {
        string clusterId;
        Guid topicId;
        await using (LogEngine engine = await OpenAsync())
        {
            clusterId = engine.ClusterId;
            Topic topic = await engine.CreateTopicAsync("readings", 2, cancellationToken: Timeout);
            topicId = topic.Id;
            for (int i = 0; i < 10; i++)
            {
                Assert.Equal(i, await topic.Partitions[1].AppendAsync(Text($"k{i}"), Text($"v{i}"), cancellationToken: Timeout));
            }

            Assert.Equal(10, topic.Partitions[1].HighWatermark);
        }

        await using LogEngine again = await OpenAsync();
        Assert.True(again.Recovery.CleanShutdown);
        Assert.Equal(0, again.Recovery.CutBytes);
        Assert.Equal(clusterId, again.ClusterId);
        Assert.True(again.TryGetTopic("readings", out Topic? reopened));
        Assert.Equal(topicId, reopened.Id);
        Assert.True(again.TryGetTopic(topicId, out _));
        Assert.Equal(2, reopened.Partitions.Count);
        Assert.Equal(Enumerable.Range(3, 7).Select(static i => $"{i}:k{i}=v{i}"), await ReadAllAsync(reopened.Partitions[1], 3));
    }

    [Fact]
    public async Task A_copy_of_an_open_directory_has_every_acknowledged_record()
    {
        await using LogEngine engine = await OpenAsync();
        Topic topic = await engine.CreateTopicAsync("t", cancellationToken: Timeout);
        for (int i = 0; i < 25; i++)
        {
            await topic.Partitions[0].AppendAsync(null, Text($"v{i}"), cancellationToken: Timeout);
        }

        using TemporaryDirectory copy = TemporaryDirectory.CopyOf(_directory.Path);
        await using LogEngine crashed = await LogEngine.OpenAsync(new LogEngineOptions { DataDirectory = copy.Path }, Timeout);
        Assert.False(crashed.Recovery.CleanShutdown);
        Assert.True(crashed.Recovery.ScannedBytes > 0);
        Assert.True(crashed.TryGetTopic("t", out Topic? survived));
        Assert.Equal(25, survived.Partitions[0].LogEndOffset);
        Assert.Equal(25, (await ReadAllAsync(survived.Partitions[0], 0)).Count);
    }

    [Fact]
    public async Task A_second_engine_on_the_same_directory_is_refused_and_told_who_has_it()
    {
        await using LogEngine first = await OpenAsync();
        DataDirectoryException refused = await Assert.ThrowsAsync<DataDirectoryException>(() => OpenAsync());
        Assert.Contains($"process {Environment.ProcessId}", refused.Message, StringComparison.Ordinal);
        Assert.Equal(_directory.Path, refused.Directory);
    }

    [Fact]
    public async Task A_directory_can_be_opened_again_after_a_close()
    {
        LogEngine engine = await OpenAsync();
        await engine.CloseAsync();
        await engine.CloseAsync();
        await using LogEngine again = await OpenAsync();
        Assert.False(again.IsOffline);
    }

    [Fact]
    public async Task A_deleted_and_recreated_topic_has_a_new_id_and_no_old_records()
    {
        await using LogEngine engine = await OpenAsync();
        Topic first = await engine.CreateTopicAsync("t", cancellationToken: Timeout);
        await first.Partitions[0].AppendAsync(null, Text("old"), cancellationToken: Timeout);
        using (IDisposable? lease = first.Partitions[0].Read(0, 1000).Records)
        {
            Assert.NotNull(lease);
            await engine.DeleteTopicAsync("t", Timeout);
            Assert.False(engine.TryGetTopic("t", out _));
            Assert.True(first.IsDeleted);
            Topic second = await engine.CreateTopicAsync("t", cancellationToken: Timeout);
            Assert.NotEqual(first.Id, second.Id);
            Assert.Equal(0, await second.Partitions[0].AppendAsync(null, Text("new"), cancellationToken: Timeout));
        }

        await engine.CloseAsync();
        await using LogEngine again = await OpenAsync();
        Assert.True(again.TryGetTopic("t", out Topic? survived));
        Assert.Equal(["0:=new"], await ReadAllAsync(survived.Partitions[0], 0));
        Assert.Empty(again.Recovery.LostDirectories);
    }

    private static ReadOnlyMemory<byte> Text(string text) => Encoding.UTF8.GetBytes(text);

    private static async Task<List<string>> ReadAllAsync(Partition partition, long from)
    {
        List<string> read = [];
        await foreach (Record record in partition.ReadRecordsAsync(from, cancellationToken: Timeout))
        {
            string key = record.Key is { } k ? Encoding.UTF8.GetString(k.Span) : "";
            read.Add($"{record.Offset}:{key}={Encoding.UTF8.GetString(record.Value!.Value.Span)}");
        }

        return read;
    }

    private Task<LogEngine> OpenAsync() => LogEngine.OpenAsync(new LogEngineOptions { DataDirectory = _directory.Path }, Timeout);

    [Theory]
    [InlineData(Durability.Os)]
    [InlineData(Durability.Commit)]
    public async Task Who_does_not_wait_for_the_disk_is_made_to_before_too_much_is_unsynced(Durability durability)
    {
        using var directory = new TemporaryDirectory();
        await using LogEngine engine = await LogEngine.OpenAsync(
            new LogEngineOptions { DataDirectory = directory.Path, Durability = durability, FlushIntervalMs = 600_000, FlushBytes = 1 << 30 },
            TestContext.Current.CancellationToken);
        Topic topic = await engine.CreateTopicAsync(
            "t", 1, new Dictionary<string, string> { ["compression.type"] = "uncompressed" }, TestContext.Current.CancellationToken);
        Partition partition = topic.Partitions[0];
        byte[] value = new byte[500_000];
        for (int i = 0; i < 50; i++)
        {
            partition.Append(null, value);
            Assert.InRange(partition.LogEndOffset - partition.Log.Open().RecoveryPoint, 0, 18); // 9 MB
        }

        Assert.True(partition.Log.Open().RecoveryPoint > 0);
    }
}
