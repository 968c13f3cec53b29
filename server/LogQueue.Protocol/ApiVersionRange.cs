namespace LogQueue.Protocol;

/// <summary>Versions of an API, both ends included.</summary>
/// <param name="Lowest">Oldest version.</param>
/// <param name="Highest">Newest version.</param>
public readonly record struct ApiVersionRange(short Lowest, short Highest)
{
    /// <summary>True when <paramref name="version"/> is in the range.</summary>
    public bool Contains(short version) => version >= Lowest && version <= Highest;

    /// <summary>The versions of a message.</summary>
    public static ApiVersionRange Of<T>()
        where T : Wire.IWireMessage<T> => new(T.LowestVersion, T.HighestVersion);
}
