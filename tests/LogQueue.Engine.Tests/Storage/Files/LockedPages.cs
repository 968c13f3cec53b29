using LogQueue.Storage;
using LogQueue.Storage.Files;

namespace LogQueue.Engine.Tests.Storage.Files;

/// <summary>Tests that need pages locked in memory.</summary>
internal static class LockedPages
{
    /// <summary>Skips the test where the system does not let this user lock what a window takes.</summary>
    public static void SkipWithout(IStorageFile file)
    {
        try
        {
            file.MapResident(0, 1 << 17).Dispose();
        }
        catch (StorageException e) when (e.Error is StorageError.OutOfMemory or StorageError.Locked or StorageError.Permission)
        {
            Assert.Skip($"Pages cannot be locked here ('ulimit -l' is too small): {e.Message}");
        }
    }
}
