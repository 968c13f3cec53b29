using LogQueue.Engine.Errors;
using LogQueue.Engine.Topics;
using LogQueue.Protocol;
using LogQueue.Server.Requests;

namespace LogQueue.Server.Config;

/// <summary>Changes the settings of one resource as AlterConfigs and IncrementalAlterConfigs ask. Stateless; thread-safe.</summary>
internal static class TopicConfigChange
{
    /// <summary>Replaces a topic's settings with what <paramref name="change"/> makes of them.</summary>
    /// <param name="broker">Whose topics.</param>
    /// <param name="resourceType">The protocol's number of the kind of resource.</param>
    /// <param name="resourceName">The topic.</param>
    /// <param name="change">From the topic's settings to the full new set; throws <see cref="InvalidTopicConfigException"/>.</param>
    /// <param name="validateOnly">Checks and changes nothing.</param>
    public static async ValueTask<(ErrorCode Code, string? Why)> ApplyAsync(
        Broker broker,
        sbyte resourceType,
        string resourceName,
        Func<TopicConfig, IReadOnlyDictionary<string, string>> change,
        bool validateOnly)
    {
        if ((ConfigResourceType)resourceType == ConfigResourceType.Broker)
        {
            return (ErrorCode.InvalidConfig, "Settings of the broker are read when it starts: change server.properties and restart it.");
        }

        if ((ConfigResourceType)resourceType != ConfigResourceType.Topic)
        {
            return (ErrorCode.InvalidRequest, $"Resources of type {resourceType} have no settings here; topics (2) have.");
        }

        if (!broker.TryGetClientTopic(resourceName, out Topic? topic))
        {
            return (ErrorCode.UnknownTopicOrPartition, null);
        }

        try
        {
            IReadOnlyDictionary<string, string> fullSet = change(topic.Config);
            TopicConfigKeys.Validate(fullSet);
            if (!validateOnly)
            {
                await broker.Engine.SetTopicConfigsAsync(resourceName, fullSet, CancellationToken.None);
            }

            return (ErrorCode.None, null);
        }
        catch (Exception e) when (ErrorMapping.TryOf(e, out ErrorCode error))
        {
            return (error, e.Message);
        }
    }
}
