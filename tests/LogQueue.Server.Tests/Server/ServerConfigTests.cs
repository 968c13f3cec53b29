using LogQueue.Engine;
using LogQueue.Server.Config;

namespace LogQueue.Server.Tests.Server;

public sealed class ServerConfigTests
{
    [Fact]
    public void Nothing_set_means_loopback_and_kafkas_defaults()
    {
        ServerConfig config = ServerConfig.Load(null, []);

        Assert.Equal(("127.0.0.1", 9092), (config.Server.Host, config.Server.Port));
        Assert.Equal(100 * 1024 * 1024, config.Server.MaxRequestBytes);
        Assert.Equal(Durability.Commit, config.Engine.Durability);
        Assert.Equal(".logqueue", config.Engine.DataDirectory);
        Assert.Empty(config.Notes);
        Assert.Equal("data", ServerConfig.Load(null, [], "data").Engine.DataDirectory);
    }

    [Fact]
    public void Kafkas_keys_and_ours_are_read()
    {
        ServerConfig config = ServerConfig.Load(null,
        [
            "listeners=PLAINTEXT://0.0.0.0:19092,CONTROLLER://:9093", "advertised.listeners=PLAINTEXT://queue.example:29092", "node.id=7",
            "log.dirs=/var/lib/queue", "num.partitions=4", "log.retention.hours=2", "log.segment.bytes=2097152", "auto.create.topics.enable=false",
            "socket.request.max.bytes=2000000", "group.initial.rebalance.delay.ms=0", "logqueue.durability=os", "log.flush.interval.ms=1000",
            "offsets.retention.minutes=60", "connections.max.idle.ms=1000", "logqueue.replication.factor.policy=clamp", "broker.rack=r1",
        ]);

        Assert.Equal(("0.0.0.0", 19092, "queue.example", 29092), (config.Server.Host, config.Server.Port, config.Server.AdvertisedHost, config.Server.AdvertisedPort));
        Assert.Equal(("r1", false, true, 0), (config.Server.Rack, config.Server.AutoCreateTopics, config.Server.ClampReplicationFactor, config.Server.GroupInitialRebalanceDelayMs));
        Assert.Equal((2_000_000, TimeSpan.FromSeconds(1)), (config.Server.MaxRequestBytes, config.Server.IdleTimeout));
        Assert.Equal((7, "/var/lib/queue", 4, Durability.Os, 1000), (config.Engine.NodeId, config.Engine.DataDirectory, config.Engine.DefaultPartitionCount, config.Engine.Durability, config.Engine.FlushIntervalMs));
        Assert.Equal(("7200000", "2097152"), (config.Engine.TopicDefaults["retention.ms"], config.Engine.TopicDefaults["segment.bytes"]));
        Assert.Equal(TimeSpan.FromHours(1), config.Engine.OffsetsRetention);
        Assert.Equal("7", config.Server.BrokerConfigs["node.id"]);
    }

    [Theory]
    [InlineData("log.retention.ms=1;log.retention.hours=5")]
    [InlineData("log.retention.hours=5;log.retention.ms=1")]
    public void The_finest_unit_wins(string settings) =>
        Assert.Equal("1", ServerConfig.Load(null, settings.Split(';')).Engine.TopicDefaults["retention.ms"]);

    [Theory]
    [InlineData("log.retention.msec=5", "log.retention.ms")]
    [InlineData("retention.ms=5", "log.retention.ms")]
    [InlineData("lisetners=x", "listeners")]
    [InlineData("logqueue.durabilty=os", "logqueue.durability")]
    [InlineData("max.conections=5", "max.connections")]
    public void An_unknown_key_is_an_error_with_the_nearest_name(string setting, string nearest)
    {
        ServerConfigException e = Assert.Throws<ServerConfigException>(() => ServerConfig.Load(null, [setting]));

        Assert.Contains($"Did you mean '{nearest}'?", Assert.Single(e.Problems), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("num.partitions=many")]
    [InlineData("num.partitions=0")]
    [InlineData("auto.create.topics.enable=yes")]
    [InlineData("logqueue.durability=maybe")]
    [InlineData("listeners=127.0.0.1:9092")]
    [InlineData("listeners=PLAINTEXT://a:99999")]
    [InlineData("listeners=SSL://:9093")]
    [InlineData("listeners=A://:1,B://:2")]
    [InlineData("log.retention.ms=soon")]
    [InlineData("log.dirs=/a,/b")]
    [InlineData("novalue")]
    public void A_bad_value_is_an_error_that_names_it(string setting)
    {
        ServerConfigException e = Assert.Throws<ServerConfigException>(() => ServerConfig.Load(null, [setting]));

        Assert.All(e.Problems, problem => Assert.Contains(setting.Split('=')[0], problem, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_problem_is_named_at_once()
    {
        ServerConfigException e = Assert.Throws<ServerConfigException>(() => ServerConfig.Load(null, ["a.b=1", "num.partitions=0", "max.connections=x"]));

        Assert.Equal(3, e.Problems.Count);
    }

    [Fact]
    public void A_kafka_file_is_read_with_a_note_for_what_has_no_effect()
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, """
                # Kafka's own example, shortened
                process.roles=broker,controller
                node.id=1
                controller.quorum.voters=1@localhost:9093
                listeners=PLAINTEXT://127.0.0.1:9092,CONTROLLER://:9093
                inter.broker.listener.name = PLAINTEXT
                listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,\
                    SSL:SSL
                offsets.topic.replication.factor=1
                num.replica.fetchers: 2
                log.cleaner.threads=3
                num.partitions=3
                """);

            ServerConfig config = ServerConfig.Load(path, ["num.partitions=5"]);

            Assert.Equal(5, config.Engine.DefaultPartitionCount);
            Assert.Equal(3, config.Engine.Cleaner.Threads);
            Assert.Contains("num.replica.fetchers", Assert.Single(config.Notes), StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void A_missing_file_is_told() =>
        Assert.Contains("/no/such/file", Assert.Throws<ServerConfigException>(() => ServerConfig.Load("/no/such/file", [])).Message, StringComparison.Ordinal);

    [Fact]
    public void The_table_of_keys_is_whole()
    {
        Assert.True(BrokerConfigKeys.All.Count > 300);
        Assert.Equal(BrokerConfigKeys.All.Select(static k => k.Name).Distinct().Count(), BrokerConfigKeys.All.Count);
        Assert.True(BrokerConfigKeys.TryGet("num.io.threads", out BrokerConfigKey? key));
        Assert.Equal((BrokerConfigType.Int, "8", false), (key.Type, key.Default, key.IsApplied));
    }
}
