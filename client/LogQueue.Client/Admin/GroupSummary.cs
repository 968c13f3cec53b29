namespace LogQueue.Client.Admin;

/// <summary>A group in a list.</summary>
/// <param name="GroupId">Its name.</param>
/// <param name="ProtocolType">"consumer" for consumers; empty when it only stores offsets.</param>
/// <param name="State">Stable, Empty, PreparingRebalance, CompletingRebalance or Dead; empty when the broker does not say.</param>
public sealed record GroupSummary(string GroupId, string ProtocolType, string State);
