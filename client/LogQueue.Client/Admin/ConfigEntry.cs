namespace LogQueue.Client.Admin;

/// <summary>One config of a topic or broker.</summary>
/// <param name="Name">Kafka's name of it.</param>
/// <param name="Value">The value in force; null when it is secret.</param>
/// <param name="IsDefault">Whether nobody set it.</param>
/// <param name="IsReadOnly">Whether it cannot be changed while the broker runs.</param>
/// <param name="IsSensitive">Whether the value is secret.</param>
/// <param name="Documentation">What it does; null when the broker does not say.</param>
public sealed record ConfigEntry(string Name, string? Value, bool IsDefault, bool IsReadOnly, bool IsSensitive, string? Documentation);
