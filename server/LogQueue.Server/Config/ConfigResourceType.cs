namespace LogQueue.Server.Config;

/// <summary>What a setting belongs to, with the numbers of the protocol.</summary>
internal enum ConfigResourceType : sbyte
{
    /// <summary>A topic.</summary>
    Topic = 2,

    /// <summary>A broker.</summary>
    Broker = 4,
}
