namespace LogQueue.Client.Admin;

/// <summary>A live broker.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Host">Its advertised host.</param>
/// <param name="Port">Its advertised port.</param>
/// <param name="Rack">Where it stands; null when it does not say.</param>
public sealed record BrokerDescription(int Id, string Host, int Port, string? Rack);
