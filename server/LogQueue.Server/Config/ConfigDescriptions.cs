using LogQueue.Engine.Topics;
using LogQueue.Protocol.Messages;

namespace LogQueue.Server.Config;

/// <summary>Settings in the form that DescribeConfigs answers. Pure functions.</summary>
internal static class ConfigDescriptions
{
    /// <summary>Where the value of a topic setting comes from.</summary>
    public static ConfigSource SourceOf(TopicConfig config, string name) => config.SourceOf(name) switch
    {
        TopicConfigSource.Topic => ConfigSource.DynamicTopic,
        TopicConfigSource.Engine => ConfigSource.StaticBroker,
        _ => ConfigSource.Default,
    };

    /// <summary>A topic setting with its value.</summary>
    public static DescribeConfigsResponse.DescribeConfigsResourceResult OfTopic(
        Topic topic, TopicConfigKey key, bool synonyms, bool documentation)
    {
        TopicConfig config = topic.Config;
        return new DescribeConfigsResponse.DescribeConfigsResourceResult
        {
            Name = key.Name,
            Value = config[key.Name],
            ConfigSource = (sbyte)SourceOf(config, key.Name),
            Synonyms = synonyms ? Synonyms(config, key) : [],
            ConfigType = TypeCode(key.Type),
            Documentation = documentation ? key.Doc : null,
        };
    }

    /// <summary>A broker setting with its value.</summary>
    public static DescribeConfigsResponse.DescribeConfigsResourceResult OfBroker(
        BrokerConfigKey key, IReadOnlyDictionary<string, string> configured, bool synonyms, bool documentation)
    {
        bool isSet = configured.TryGetValue(key.Name, out string? set);
        string? value = key.IsSensitive ? null : isSet ? set : key.Default;
        ConfigSource source = isSet ? ConfigSource.StaticBroker : ConfigSource.Default;
        var known = new List<DescribeConfigsResponse.DescribeConfigsSynonym>();
        if (synonyms && isSet)
        {
            known.Add(Synonym(key.Name, value, ConfigSource.StaticBroker));
        }

        if (synonyms && key.Default is not null)
        {
            known.Add(Synonym(key.Name, key.IsSensitive ? null : key.Default, ConfigSource.Default));
        }

        return new DescribeConfigsResponse.DescribeConfigsResourceResult
        {
            Name = key.Name,
            Value = value,
            ReadOnly = true,
            ConfigSource = (sbyte)source,
            IsSensitive = key.IsSensitive,
            Synonyms = [.. known],
            ConfigType = TypeCode(key.Type),
            Documentation = documentation ? key.Doc : null,
        };
    }

    private static DescribeConfigsResponse.DescribeConfigsSynonym[] Synonyms(TopicConfig config, TopicConfigKey key)
    {
        var synonyms = new List<DescribeConfigsResponse.DescribeConfigsSynonym>();
        string brokerKey = key.BrokerKey ?? key.Name;
        if (config.Overrides.TryGetValue(key.Name, out string? own))
        {
            synonyms.Add(Synonym(key.Name, own, ConfigSource.DynamicTopic));
        }
        else if (config.SourceOf(key.Name) == TopicConfigSource.Engine)
        {
            synonyms.Add(Synonym(brokerKey, config[key.Name], ConfigSource.StaticBroker));
        }

        synonyms.Add(Synonym(brokerKey, key.Default, ConfigSource.Default));
        return [.. synonyms];
    }

    private static DescribeConfigsResponse.DescribeConfigsSynonym Synonym(string name, string? value, ConfigSource source) =>
        new() { Name = name, Value = value, Source = (sbyte)source };

    private static sbyte TypeCode(TopicConfigType type) => type switch
    {
        TopicConfigType.Boolean => 1,
        TopicConfigType.String => 2,
        TopicConfigType.Int => 3,
        TopicConfigType.Long => 5,
        TopicConfigType.Double => 6,
        TopicConfigType.List => 7,
        _ => 0,
    };

    private static sbyte TypeCode(BrokerConfigType type) => type switch
    {
        BrokerConfigType.Boolean => 1,
        BrokerConfigType.String => 2,
        BrokerConfigType.Int => 3,
        BrokerConfigType.Short => 4,
        BrokerConfigType.Long => 5,
        BrokerConfigType.Double => 6,
        BrokerConfigType.List => 7,
        BrokerConfigType.Class => 8,
        BrokerConfigType.Password => 9,
        _ => 0,
    };
}
