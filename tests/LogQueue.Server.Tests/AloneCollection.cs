namespace LogQueue.Server.Tests;

/// <summary>Tests that look at the whole process (its memory) run while nothing else does.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    public const string Name = "alone";
}
