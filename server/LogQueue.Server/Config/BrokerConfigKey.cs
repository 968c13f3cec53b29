namespace LogQueue.Server.Config;

/// <summary>One broker setting. Immutable.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its type.</param>
/// <param name="Default">Its default here, as text; null for none.</param>
/// <param name="Doc">What it does here, for people; null when it does nothing here.</param>
internal sealed record BrokerConfigKey(string Name, BrokerConfigType Type, string? Default, string? Doc)
{
    /// <summary>True for secrets, whose values are never told.</summary>
    public bool IsSensitive => Type == BrokerConfigType.Password;

    /// <summary>True when the setting does something here.</summary>
    public bool IsApplied => Doc is not null;
}
