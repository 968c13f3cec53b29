namespace LogQueue.Storage;

/// <summary>
/// A mistake that the tests must find: each one breaks a promise that the log gives. See <see cref="PlantedBugs"/>.
/// </summary>
internal enum PlantedBug
{
    /// <summary>None: the code as it is.</summary>
    None,

    /// <summary>
    /// A read serves sealed bytes without checking them against the seal. Found by <c>EveryBitTests</c> and <c>QuarantineTests</c>.
    /// </summary>
    SkipReadVerify,

    /// <summary>
    /// Damage below the recovery point is cut like a torn tail. Found by <c>DamageTests</c> and <c>SegmentRecoveryTests</c>.
    /// </summary>
    TruncateDamage,
}
