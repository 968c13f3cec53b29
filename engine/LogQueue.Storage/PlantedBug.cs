namespace LogQueue.Storage;

/// <summary>
/// A mistake that the tests must find: each one breaks a promise that the log gives. See <see cref="PlantedBugs"/>.
/// </summary>
internal enum PlantedBug
{
    /// <summary>None: the code as it is.</summary>
    None,
}
