namespace LogQueue.Server.Groups;

/// <summary>One assignment protocol that a member offers, with the metadata it sends to the leader.</summary>
/// <param name="Name">For consumers the name of the assignor, such as "range".</param>
/// <param name="Metadata">Opaque to the broker; owned by the group (copied out of the request frame).</param>
internal sealed record GroupProtocol(string Name, byte[] Metadata);
