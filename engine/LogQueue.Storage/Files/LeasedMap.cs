namespace LogQueue.Storage.Files;

/// <summary>A read-only map of a whole file under leases; mapped on demand, unmapped only without a lease. Thread-safe.</summary>
internal sealed class LeasedMap(IStorageDevice device, string path, LeaseBudget budget) : LeasedResource(budget)
{
    private IMappedRegion? _region;

    /// <summary>The bytes; only while holding a lease.</summary>
    public ReadOnlySpan<byte> Span =>
        (_region ?? throw new InvalidOperationException($"The map of '{path}' is used without a lease.")).Span;

    protected override void OpenCore()
    {
        using IStorageFile file = device.Open(path, StorageOpenMode.Read);
        _region = file.Map(file.Length);
    }

    protected override void CloseCore()
    {
        _region!.Dispose(); // closed only while open
        _region = null;
    }
}
