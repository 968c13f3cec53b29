using LogQueue.Client.Admin;
using LogQueue.Protocol;
using LogQueue.Records;

namespace LogQueue.Client.Tests.Client.Broker;

public sealed class AdminTests(BrokerFixture broker) : BrokerTest(broker)
{
    [Fact]
    public async Task Topics_are_created_listed_described_grown_and_deleted()
    {
        await using LogQueueClient client = Broker.Connect();
        string name = BrokerFixture.NewName("t");
        TopicDescription made = await client.Admin.CreateTopicAsync(name, 2, cancellationToken: Deadline);
        Assert.Equal(name, made.Name);
        Assert.Equal(2, made.Partitions.Count);
        Assert.NotEqual(Guid.Empty, made.Id);
        await FillAsync(client, name, 7, partition: 1);
        TopicDescription described = Assert.Single(await client.Admin.DescribeTopicsAsync([name], Deadline));
        Assert.Equal([0L, 7L], described.Partitions.Select(static p => p.EndOffset));
        Assert.All(described.Partitions, static p => Assert.Equal((0, true), ((int)p.LogStartOffset, p.Replicas.Count == 1)));
        Assert.Contains(await client.Admin.ListTopicsAsync(cancellationToken: Deadline), t => t.Name == name && t.PartitionCount == 2 && !t.IsInternal);
        KafkaException exists = await Assert.ThrowsAsync<KafkaException>(() => client.Admin.CreateTopicAsync(name, cancellationToken: Deadline));
        Assert.Equal(ErrorCode.TopicAlreadyExists, exists.ErrorCode);

        await client.Admin.DeleteTopicAsync(name, Deadline);
        KafkaException gone = await Assert.ThrowsAsync<KafkaException>(() => client.Admin.DeleteTopicAsync(name, Deadline));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, gone.ErrorCode);
        Assert.False(gone.IsRetriable);
        await Assert.ThrowsAsync<KafkaException>(() => client.Admin.DescribeTopicsAsync([name], Deadline));
        Assert.DoesNotContain(await client.Admin.ListTopicsAsync(cancellationToken: Deadline), t => t.Name == name);
    }

    [Fact]
    public async Task A_topic_that_grows_is_noticed_by_a_running_consumer_group()
    {
        await using LogQueueClient client = Broker.Connect(BrokerFixture.Quick with { MetadataMaxAge = TimeSpan.FromMilliseconds(300) });
        string topic = await CreateTopicAsync(client);
        await using Consumer consumer = client.CreateConsumer(new ConsumerOptions
        {
            Topics = [topic],
            Group = BrokerFixture.NewName("g"),
            Start = StartPosition.Beginning,
            HeartbeatInterval = TimeSpan.FromMilliseconds(100),
        });
        Task<List<ConsumedRecord>> reading = TakeAsync(consumer, 1);
        await UntilAsync(() => consumer.Assignment.Count == 1, "one partition");
        await client.Admin.AddPartitionsAsync(topic, 3, Deadline);
        await UntilAsync(() => consumer.Assignment.Count == 3, "three partitions");
        await FillAsync(client, topic, 1, partition: 2);
        Assert.Equal(2, (await reading)[0].Partition);
    }

    [Fact]
    public async Task Bad_names_and_configs_are_refused_with_words()
    {
        await using LogQueueClient client = Broker.Connect();
        KafkaException name = await Assert.ThrowsAsync<KafkaException>(() => client.Admin.CreateTopicAsync("bad name", cancellationToken: Deadline));
        Assert.Equal(ErrorCode.InvalidTopicException, name.ErrorCode);
        KafkaException config = await Assert.ThrowsAsync<KafkaException>(() => client.Admin.CreateTopicAsync(
            BrokerFixture.NewName("t"), 1, new Dictionary<string, string> { ["retention.mss"] = "1" }, Deadline));
        Assert.Equal(ErrorCode.InvalidConfig, config.ErrorCode);
        Assert.Contains("retention.mss", config.Message, StringComparison.Ordinal);
        KafkaException partitions = await Assert.ThrowsAsync<KafkaException>(() => client.Admin.CreateTopicAsync(BrokerFixture.NewName("t"), 0, cancellationToken: Deadline));
        Assert.Equal(ErrorCode.InvalidPartitions, partitions.ErrorCode);
    }

    [Fact]
    public async Task Configs_are_shown_and_changed()
    {
        await using LogQueueClient client = Broker.Connect();
        string topic = await CreateTopicAsync(client, 1, new Dictionary<string, string> { ["retention.ms"] = "123456" });
        ConfigEntry retention = (await client.Admin.DescribeConfigsAsync(topic, Deadline)).Single(static c => c.Name == "retention.ms");
        Assert.Equal(("123456", false), (retention.Value, retention.IsDefault));
        await client.Admin.AlterConfigsAsync(topic, new Dictionary<string, string?> { ["retention.ms"] = null, ["max.message.bytes"] = "2000000" }, Deadline);
        ConfigEntry[] after = [];
        for (int i = 0; i < 50 && after.SingleOrDefault(static c => c.Name == "max.message.bytes")?.Value != "2000000"; i++)
        {
            after = [.. await client.Admin.DescribeConfigsAsync(topic, Deadline)];
        }

        Assert.Equal("2000000", after.Single(static c => c.Name == "max.message.bytes").Value);
        Assert.True(after.Single(static c => c.Name == "retention.ms").IsDefault);
    }

    [Fact]
    public async Task Offsets_are_found_by_time_and_kind()
    {
        await using LogQueueClient client = Broker.Connect();
        string topic = await CreateTopicAsync(client);
        await using (Producer producer = client.CreateProducer())
        {
            for (int i = 0; i < 10; i++)
            {
                var time = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000 + (i * 1000));
                await producer.SendAsync(new OutgoingRecord(topic, null, Bytes("x")) { Timestamp = time }, Deadline);
            }
        }

        async Task<long> FindAsync(OffsetSpec spec) => (await client.Admin.ListOffsetsAsync([Part(topic, 0)], spec, Deadline))[Part(topic, 0)].Offset;

        Assert.Equal(0, await FindAsync(OffsetSpec.Earliest));
        Assert.Equal(10, await FindAsync(OffsetSpec.Latest));
        Assert.Equal(9, await FindAsync(OffsetSpec.MaxTimestamp));
        Assert.Equal(4, await FindAsync(OffsetSpec.At(DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_003_001))));
        Assert.Equal(-1, await FindAsync(OffsetSpec.At(DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_099_000))));
    }

    [Fact]
    public async Task Groups_are_listed_described_reset_and_deleted()
    {
        await using LogQueueClient client = Broker.Connect();
        string topic = await CreateTopicAsync(client, 2);
        string group = BrokerFixture.NewName("g");
        await FillAsync(client, topic, 10);
        Assert.Equal("Dead", (await client.Admin.DescribeGroupsAsync([group], Deadline))[0].State);
        Consumer consumer = client.CreateConsumer(new ConsumerOptions { Topics = [topic], Group = group, Start = StartPosition.Beginning });
        await TakeAsync(consumer, 3);
        await consumer.CommitAsync(Deadline);
        GroupDescription described = (await client.Admin.DescribeGroupsAsync([group], Deadline))[0];
        Assert.Equal(("Stable", "consumer", "range"), (described.State, described.ProtocolType, described.Assignor));
        Assert.Equal(2, Assert.Single(described.Members).Assignment.Count);
        Assert.Equal("client-tests", described.Members[0].ClientId);
        Assert.Contains(await client.Admin.ListGroupsAsync(Deadline), g => g.GroupId == group && g.State == "Stable");
        Assert.Equal(2, (await client.Admin.ListGroupOffsetsAsync(group, Deadline))[Part(topic, 0)].Offset);
        KafkaException busy = await Assert.ThrowsAsync<KafkaException>(() => client.Admin.DeleteGroupAsync(group, Deadline));
        Assert.Equal(ErrorCode.NonEmptyGroup, busy.ErrorCode);
        await Assert.ThrowsAsync<KafkaException>(() => client.Admin.AlterGroupOffsetsAsync(group, new Dictionary<TopicPartition, long> { [Part(topic, 0)] = 7 }, Deadline));
        await consumer.DisposeAsync();

        await client.Admin.AlterGroupOffsetsAsync(group, new Dictionary<TopicPartition, long> { [Part(topic, 0)] = 7 }, Deadline);
        Assert.Equal(7, (await client.Admin.ListGroupOffsetsAsync(group, Deadline))[Part(topic, 0)].Offset);
        await client.Admin.DeleteGroupAsync(group, Deadline);
        KafkaException gone = await Assert.ThrowsAsync<KafkaException>(() => client.Admin.DeleteGroupAsync(group, Deadline));
        Assert.Equal(ErrorCode.GroupIdNotFound, gone.ErrorCode);
        Assert.Empty(await client.Admin.ListGroupOffsetsAsync(group, Deadline));
    }

    [Fact]
    public async Task The_cluster_tells_its_brokers_and_what_they_speak()
    {
        await using LogQueueClient client = Broker.Connect();
        ClusterDescription cluster = await client.Admin.ClusterAsync(Deadline);
        Assert.NotEmpty(cluster.ClusterId!);
        Assert.Contains(cluster.Brokers, b => b.Id == cluster.ControllerId && b.Port > 0);
        IReadOnlyDictionary<ApiKey, ApiVersionRange> versions = await client.Admin.ApiVersionsAsync(Deadline);
        Assert.True(versions[ApiKey.Produce].Highest >= 9);
    }
}
