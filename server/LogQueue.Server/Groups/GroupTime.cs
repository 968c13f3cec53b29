namespace LogQueue.Server.Groups;

/// <summary>The moment at which something is asked of a group.</summary>
/// <param name="TickMs">Monotonic milliseconds; every deadline is measured with it.</param>
/// <param name="UnixMs">Wall clock, milliseconds since 1970; only for timestamps that are stored.</param>
internal readonly record struct GroupTime(long TickMs, long UnixMs);
