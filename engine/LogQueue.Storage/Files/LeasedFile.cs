namespace LogQueue.Storage.Files;

/// <summary>A file under leases: opened read-only on demand, or adopted open, with a first lease, from its creator. Thread-safe.</summary>
internal sealed class LeasedFile : LeasedResource
{
    private readonly IStorageDevice _device;
    private IStorageFile? _file;

    public LeasedFile(IStorageDevice device, string path, LeaseBudget budget, IStorageFile? open = null)
        : base(budget)
    {
        _device = device;
        Path = path;
        _file = open;
        if (open is not null)
        {
            AdoptOpen();
        }
    }

    /// <summary>Where it lies.</summary>
    public string Path { get; }

    /// <summary>The open file; only while holding a lease.</summary>
    public IStorageFile File => _file ?? throw new InvalidOperationException($"'{Path}' is used without a lease.");

    protected override void OpenCore() => _file = _device.Open(Path, StorageOpenMode.Read);

    protected override void CloseCore()
    {
        File.Dispose();
        _file = null;
    }
}
