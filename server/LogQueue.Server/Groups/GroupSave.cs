using LogQueue.Engine.Groups;

namespace LogQueue.Server.Groups;

/// <summary>A state of a group on its way to the log.</summary>
/// <param name="Version">Given back with the result.</param>
/// <param name="State">What is stored.</param>
internal readonly record struct GroupSave(long Version, GroupSnapshot State);
