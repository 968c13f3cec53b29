namespace LogQueue.Storage.Indexes;

/// <summary>Length and CRC-32C of a file.</summary>
/// <param name="Bytes">Its length; -1 when there is none.</param>
/// <param name="Checksum">CRC-32C of all of it.</param>
internal readonly record struct FileFingerprint(int Bytes, uint Checksum)
{
    internal static readonly FileFingerprint Missing = new(-1, 0);
}
