using LogQueue.Engine.Topics;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.TestKit;

namespace LogQueue.Server.Tests.Server.Handlers;

/// <summary>DescribeConfigs, AlterConfigs, IncrementalAlterConfigs and ListConfigResources.</summary>
public sealed class ConfigHandlersTests(BrokerFixture fixture) : IClassFixture<BrokerFixture>
{
    private const sbyte TopicType = 2;
    private const sbyte BrokerType = 4;

    public static TheoryData<short> DescribeVersions => WireCalls.Versions(1, 4);

    public static TheoryData<short> AlterVersions => WireCalls.Versions(0, 2);

    public static TheoryData<short> IncrementalVersions => WireCalls.Versions(0, 1);

    [Theory]
    [MemberData(nameof(DescribeVersions))]
    public async Task Every_version_describes_a_topic(short version)
    {
        string topic = await fixture.NewTopicAsync(configs: new() { ["retention.ms"] = "5000" });

        DescribeConfigsResponse.DescribeConfigsResult result = await DescribeAsync(version, TopicType, topic, null);

        Assert.Equal(ErrorCode.None, result.ErrorCode);
        Assert.Equal(TopicConfigKeys.All.Count, result.Configs.Length);
        DescribeConfigsResponse.DescribeConfigsResourceResult own = Assert.Single(result.Configs, static c => c.Name == "retention.ms");
        Assert.Equal(("5000", 1, false), (own.Value, own.ConfigSource, own.ReadOnly));
        Assert.Equal([("retention.ms", "5000", 1), ("log.retention.ms", "604800000", 5)], own.Synonyms.Select(static s => (s.Name, s.Value, (int)s.Source)));
        DescribeConfigsResponse.DescribeConfigsResourceResult other = Assert.Single(result.Configs, static c => c.Name == "cleanup.policy");
        Assert.Equal(("delete", 5), (other.Value, other.ConfigSource));
        if (version >= 3)
        {
            Assert.Equal(5, own.ConfigType);
            Assert.False(string.IsNullOrEmpty(own.Documentation));
        }
    }

    [Fact]
    public async Task Named_settings_are_described_alone()
    {
        string topic = await fixture.NewTopicAsync();

        DescribeConfigsResponse.DescribeConfigsResult result = await DescribeAsync(4, TopicType, topic, ["segment.bytes", "unknown"]);

        Assert.Equal("segment.bytes", Assert.Single(result.Configs).Name);
    }

    [Fact]
    public async Task The_broker_describes_itself_and_no_other()
    {
        DescribeConfigsResponse.DescribeConfigsResult self = await DescribeAsync(4, BrokerType, "1", null);

        DescribeConfigsResponse.DescribeConfigsResourceResult node = Assert.Single(self.Configs, static c => c.Name == "node.id");
        Assert.Equal(("1", 4, true), (node.Value, node.ConfigSource, node.ReadOnly));
        Assert.Equal("1", Assert.Single(self.Configs, static c => c.Name == "num.partitions").Value);
        DescribeConfigsResponse.DescribeConfigsResourceResult secret = Assert.Single(self.Configs, static c => c.Name == "ssl.keystore.password");
        Assert.True(secret.IsSensitive);
        Assert.Null(secret.Value);
        Assert.Equal(ErrorCode.InvalidRequest, (await DescribeAsync(4, BrokerType, "2", null)).ErrorCode);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await DescribeAsync(4, TopicType, "none", null)).ErrorCode);
        Assert.Equal(ErrorCode.InvalidRequest, (await DescribeAsync(4, 99, "x", null)).ErrorCode);
    }

    [Theory]
    [MemberData(nameof(AlterVersions))]
    public async Task Alter_replaces_the_whole_set(short version)
    {
        string topic = await fixture.NewTopicAsync(configs: new() { ["retention.ms"] = "5000", ["segment.ms"] = "7000" });
        await using WireConnection connection = await fixture.Broker.ConnectAsync();
        AlterConfigsRequest Alter(string name, string key, string? value) => new()
        {
            Resources =
            [
                new AlterConfigsRequest.AlterConfigsResource
                {
                    ResourceType = TopicType,
                    ResourceName = name,
                    Configs = [new AlterConfigsRequest.AlterableConfig { Name = key, Value = value }],
                },
            ],
        };
        async Task<ErrorCode> CallAsync(AlterConfigsRequest request) =>
            Assert.Single((await connection.CallAsync<AlterConfigsRequest, AlterConfigsResponse>(request, version)).Responses).ErrorCode;

        Assert.Equal(ErrorCode.InvalidConfig, await CallAsync(Alter(topic, "retention.msx", "1")));
        Assert.Equal(ErrorCode.InvalidConfig, await CallAsync(Alter(topic, "retention.ms", null)));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, await CallAsync(Alter("none", "retention.ms", "1")));
        AlterConfigsRequest dry = Alter(topic, "retention.ms", "1");
        dry.ValidateOnly = true;
        Assert.Equal(ErrorCode.None, await CallAsync(dry));
        Assert.Equal(2, Config(topic).Overrides.Count);
        Assert.Equal(ErrorCode.None, await CallAsync(Alter(topic, "retention.ms", "9000")));
        Assert.Equal([KeyValuePair.Create("retention.ms", "9000")], Config(topic).Overrides);
    }

    [Theory]
    [MemberData(nameof(IncrementalVersions))]
    public async Task Incremental_changes_leave_the_rest(short version)
    {
        string topic = await fixture.NewTopicAsync(configs: new() { ["retention.ms"] = "5000", ["segment.ms"] = "7000" });
        await using WireConnection connection = await fixture.Broker.ConnectAsync();
        async Task<ErrorCode> CallAsync(params (string Key, sbyte Operation, string? Value)[] changes) => Assert.Single(
            (await connection.CallAsync<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse>(
                new IncrementalAlterConfigsRequest
                {
                    Resources =
                    [
                        new IncrementalAlterConfigsRequest.AlterConfigsResource
                        {
                            ResourceType = TopicType,
                            ResourceName = topic,
                            Configs =
                            [
                                .. changes.Select(static c => new IncrementalAlterConfigsRequest.AlterableConfig
                                {
                                    Name = c.Key,
                                    ConfigOperation = c.Operation,
                                    Value = c.Value,
                                }),
                            ],
                        },
                    ],
                },
                version)).Responses).ErrorCode;

        Assert.Equal(ErrorCode.None, await CallAsync(("retention.ms", 0, "6000"), ("segment.ms", 1, null), ("cleanup.policy", 2, "compact")));
        Assert.Equal("6000", Config(topic)["retention.ms"]);
        Assert.Equal("604800000", Config(topic)["segment.ms"]);
        Assert.Equal("delete,compact", Config(topic)["cleanup.policy"]);
        Assert.Equal(ErrorCode.None, await CallAsync(("cleanup.policy", 3, "delete")));
        Assert.Equal("compact", Config(topic)["cleanup.policy"]);
        Assert.Equal(ErrorCode.InvalidConfig, await CallAsync(("retention.ms", 2, "1")));
        Assert.Equal(ErrorCode.InvalidConfig, await CallAsync(("no.such.key", 0, "1")));
        Assert.Equal(ErrorCode.InvalidConfig, await CallAsync(("retention.ms", 9, "1")));
        Assert.Equal("6000", Config(topic)["retention.ms"]);
    }

    [Fact]
    public async Task Resources_with_settings_are_listed()
    {
        string topic = await fixture.NewTopicAsync();
        await using WireConnection connection = await fixture.Broker.ConnectAsync();

        ListConfigResourcesResponse topics = await connection.CallAsync<ListConfigResourcesRequest, ListConfigResourcesResponse>(
            new ListConfigResourcesRequest { ResourceTypes = [TopicType] }, 1);
        ListConfigResourcesResponse metrics = await connection.CallAsync<ListConfigResourcesRequest, ListConfigResourcesResponse>(
            new ListConfigResourcesRequest(), 0);

        Assert.Contains(topics.ConfigResources, r => r.ResourceName == topic);
        Assert.Empty(metrics.ConfigResources);
    }

    private TopicConfig Config(string topic) => fixture.Broker.Engine.TryGetTopic(topic, out Topic? found) ? found.Config : throw new InvalidOperationException();

    private async Task<DescribeConfigsResponse.DescribeConfigsResult> DescribeAsync(short version, sbyte type, string name, string[]? keys)
    {
        await using WireConnection connection = await fixture.Broker.ConnectAsync();
        DescribeConfigsResponse response = await connection.CallAsync<DescribeConfigsRequest, DescribeConfigsResponse>(
            new DescribeConfigsRequest
            {
                Resources = [new DescribeConfigsRequest.DescribeConfigsResource { ResourceType = type, ResourceName = name, ConfigurationKeys = keys }],
                IncludeSynonyms = true,
                IncludeDocumentation = version >= 3,
            },
            version);
        return Assert.Single(response.Results);
    }
}
