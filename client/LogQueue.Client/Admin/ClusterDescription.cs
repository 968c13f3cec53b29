namespace LogQueue.Client.Admin;

/// <summary>The cluster behind the bootstrap address.</summary>
/// <param name="ClusterId">Its id.</param>
/// <param name="ControllerId">The broker that takes changes of topics.</param>
/// <param name="Brokers">The live brokers.</param>
public sealed record ClusterDescription(string? ClusterId, int ControllerId, IReadOnlyList<BrokerDescription> Brokers);
