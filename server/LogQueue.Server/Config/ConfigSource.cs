namespace LogQueue.Server.Config;

/// <summary>Where a described setting comes from, with the numbers of the protocol.</summary>
internal enum ConfigSource : sbyte
{
    /// <summary>The topic's own setting.</summary>
    DynamicTopic = 1,

    /// <summary>The configuration the server was started with.</summary>
    StaticBroker = 4,

    /// <summary>Nobody set it.</summary>
    Default = 5,
}
