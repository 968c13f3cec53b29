namespace LogQueue.Storage;

/// <summary>Names the test that finds a planted bug: "Class.Method" of LogQueue.Engine.Tests; a theory counts as a whole.</summary>
/// <param name="test">Class and method.</param>
[AttributeUsage(AttributeTargets.Field)]
internal sealed class FoundByAttribute(string test) : Attribute
{
    /// <summary>Class and method.</summary>
    public string Test { get; } = test;
}
