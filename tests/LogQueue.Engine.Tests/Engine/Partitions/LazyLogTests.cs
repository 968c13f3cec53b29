using System.Text;
using LogQueue.Engine.Partitions;
using LogQueue.Engine.Topics;
using LogQueue.Storage;

namespace LogQueue.Engine.Tests.Engine.Partitions;

public sealed class LazyLogTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private static CancellationToken Timeout => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_partition_has_files_from_its_first_record_on()
    {
        await using LogEngine engine = await OpenAsync();
        Topic topic = await engine.CreateTopicAsync("t", 3, cancellationToken: Timeout);
        Assert.Empty(Directory.GetDirectories(_directory.Path, "t-*"));
        Assert.Equal(ReadStatus.Ok, topic.Partitions[1].Read(0, 1000).Status);
        Assert.Equal(ReadStatus.OffsetOutOfRange, topic.Partitions[1].Read(1, 1000).Status);
        await topic.Partitions[1].AppendAsync(null, "a"u8.ToArray(), cancellationToken: Timeout);
        Assert.Equal("t-1", Path.GetFileName(Assert.Single(Directory.GetDirectories(_directory.Path, "t-*"))));
    }

    [Fact]
    public async Task After_a_clean_close_offsets_are_known_and_no_log_is_open_until_it_is_used()
    {
        await FillAsync(partitions: 2, records: 5);
        await using (LogEngine engine = await OpenAsync())
        {
            Partition partition = Get(engine).Partitions[0];
            Assert.Null(partition.Log.Opened);
            Assert.Equal((0, 5, 5, 5), (partition.LogStartOffset, partition.LogEndOffset, partition.HighWatermark, partition.LastStableOffset));
            Assert.True(partition.SizeBytes > 0);
            Assert.Equal(2, engine.Recovery.PartitionCount - 1);
            Assert.Equal(5, await partition.AppendAsync(null, "next"u8.ToArray(), cancellationToken: Timeout));
            Assert.NotNull(partition.Log.Opened);
            Assert.Null(Get(engine).Partitions[1].Log.Opened);
        }

        // The second was never opened: what is known of it is handed on.
        await using LogEngine again = await OpenAsync();
        Assert.Equal(6, Get(again).Partitions[0].LogEndOffset);
        Assert.Equal(5, Get(again).Partitions[1].LogEndOffset);
        Assert.Null(Get(again).Partitions[1].Log.Opened);
        Assert.Equal(5, await CountAsync(Get(again).Partitions[1]));
    }

    [Fact]
    public async Task A_log_that_changed_since_the_marker_is_opened_and_scanned_at_once()
    {
        await FillAsync(partitions: 2, records: 5);
        string log = Path.Combine(_directory.Path, "t-0", "00000000000000000000.log");
        byte[] bytes = await File.ReadAllBytesAsync(log, Timeout);
        await File.WriteAllBytesAsync(log, bytes[..^10], Timeout);
        await using LogEngine engine = await OpenAsync();
        Assert.NotNull(Get(engine).Partitions[0].Log.Opened);
        Assert.NotEmpty(engine.Recovery.Damage);
        Assert.Null(Get(engine).Partitions[1].Log.Opened);
    }

    [Fact]
    public async Task A_crash_after_a_clean_start_loses_nothing_of_logs_that_were_not_opened()
    {
        await FillAsync(partitions: 2, records: 5);
        await using LogEngine engine = await OpenAsync();
        await Get(engine).Partitions[0].AppendAsync(null, "next"u8.ToArray(), cancellationToken: Timeout);
        using TemporaryDirectory copy = TemporaryDirectory.CopyOf(_directory.Path);
        await using LogEngine crashed = await LogEngine.OpenAsync(new LogEngineOptions { DataDirectory = copy.Path }, Timeout);
        Assert.False(crashed.Recovery.CleanShutdown);
        Assert.Equal(6, await CountAsync(Get(crashed).Partitions[0]));
        Assert.Equal(5, await CountAsync(Get(crashed).Partitions[1]));
    }

    [Fact]
    public async Task A_deleted_topic_takes_its_unopened_files_with_it_and_refuses_appends()
    {
        await FillAsync(partitions: 2, records: 1);
        await using LogEngine engine = await OpenAsync();
        Partition partition = Get(engine).Partitions[0];
        await engine.DeleteTopicAsync("t", Timeout);
        Assert.Empty(Directory.GetDirectories(_directory.Path, "t-*"));
        Assert.Equal(AppendStatus.Deleted, partition.Append(OneBatch()).Status);
        Assert.Empty(Directory.GetDirectories(_directory.Path, "t-*"));
    }

    [Fact]
    public async Task A_closed_engine_opens_no_log_any_more()
    {
        LogEngine engine = await OpenAsync();
        Topic topic = await engine.CreateTopicAsync("t", cancellationToken: Timeout);
        await engine.CloseAsync();
        Assert.Equal(AppendStatus.Offline, topic.Partitions[0].Append(OneBatch()).Status);
        Assert.Empty(Directory.GetDirectories(_directory.Path, "t-*"));
    }

    [Fact]
    public async Task Retention_opens_the_logs_that_it_concerns()
    {
        await FillAsync(partitions: 2, records: 1);
        await using LogEngine engine = await OpenAsync();
        await engine.MaintainAsync();
        Assert.Null(Get(engine).Partitions[0].Log.Opened);
        await engine.SetTopicConfigsAsync("t", new Dictionary<string, string> { ["retention.ms"] = "1" }, Timeout);
        await Task.Delay(5, Timeout);
        await engine.MaintainAsync();
        Assert.NotNull(Get(engine).Partitions[0].Log.Opened);
        Assert.Equal(1, Get(engine).Partitions[0].LogStartOffset);
    }

    [Fact]
    public async Task A_blocking_wait_makes_durable()
    {
        await using LogEngine engine = await OpenAsync();
        Partition partition = (await engine.CreateTopicAsync("t", cancellationToken: Timeout)).Partitions[0];
        AppendResult result = partition.Append(OneBatch());
        partition.WaitUntilDurable(result.NextOffset);
        Assert.Equal(1, partition.HighWatermark);
        Assert.Equal(1, partition.Log.Opened!.RecoveryPoint);
    }

    private static byte[] OneBatch() => LogQueue.TestKit.Storage.TestBatches.Build(1, 0, TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds());

    private static Topic Get(LogEngine engine) => engine.TryGetTopic("t", out Topic? topic) ? topic : throw new InvalidOperationException("No topic t.");

    private static async Task<int> CountAsync(Partition partition)
    {
        int count = 0;
        await foreach (LogQueue.Records.Record _ in partition.ReadRecordsAsync(0, cancellationToken: Timeout))
        {
            count++;
        }

        return count;
    }

    private async Task FillAsync(int partitions, int records)
    {
        await using LogEngine engine = await OpenAsync();
        Topic topic = await engine.CreateTopicAsync("t", partitions, cancellationToken: Timeout);
        foreach (Partition partition in topic.Partitions)
        {
            for (int i = 0; i < records; i++)
            {
                await partition.AppendAsync(null, Encoding.UTF8.GetBytes($"v{i}"), cancellationToken: Timeout);
            }
        }
    }

    private Task<LogEngine> OpenAsync() => LogEngine.OpenAsync(new LogEngineOptions { DataDirectory = _directory.Path }, Timeout);
}
