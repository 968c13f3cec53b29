namespace LogQueue.Engine.Errors;

/// <summary>A topic setting is unknown or has a bad value.</summary>
public sealed class InvalidTopicConfigException : EngineException
{
    /// <summary>Creates it.</summary>
    /// <param name="key">The setting.</param>
    /// <param name="message">What is wrong with it.</param>
    /// <param name="nearestKey">For an unknown setting the known one nearest to it, if any is near.</param>
    public InvalidTopicConfigException(string key, string message, string? nearestKey = null)
        : base(message)
    {
        Key = key;
        NearestKey = nearestKey;
    }

    /// <summary>The setting.</summary>
    public string Key { get; }

    /// <summary>For an unknown setting the known one nearest to it, if any is near; otherwise null.</summary>
    public string? NearestKey { get; }
}
