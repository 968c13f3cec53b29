namespace LogQueue.Storage.Files;

/// <summary>A file under leases: opened on demand, or adopted open, with a first lease, from its creator. Thread-safe.</summary>
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

    /// <summary>How it is opened: for reading, unless its owner writes to it.</summary>
    public StorageOpenMode Mode { get; set; } = StorageOpenMode.Read;

    /// <summary>
    /// Why it could only be opened for reading although its owner writes to it; null when it could. Only while holding a lease.
    /// </summary>
    public StorageException? WhyReadOnly { get; private set; }

    /// <summary>The open file; only while holding a lease.</summary>
    public IStorageFile File => _file ?? throw new InvalidOperationException($"'{Path}' is used without a lease.");

    protected override void OpenCore()
    {
        try
        {
            _file = _device.Open(Path, Mode);
            WhyReadOnly = null;
        }
        catch (StorageException e) when (Mode != StorageOpenMode.Read && e.Error is StorageError.ReadOnly or StorageError.Permission)
        {
            _file = _device.Open(Path, StorageOpenMode.Read); // nothing more is written here, and reads go on
            WhyReadOnly = e;
        }
    }

    protected override void CloseCore()
    {
        File.Dispose();
        _file = null;
    }
}
