namespace LogQueue.Storage.Files;

/// <summary>
/// The free bytes of a disk that records of clients must leave: what is below the bound is for committed offsets, metadata and recovery.
/// Asked before a file grows, so that fast writers and preallocation cannot run past it between two looks. Thread-safe.
/// </summary>
internal sealed class DiskSpace
{
    /// <summary>The bound without a setting: a twentieth of the disk, but no more than this.</summary>
    private const long MostAutomaticBytes = 1L << 30;

    private readonly IStorageDevice _device;
    private readonly string _path;
    private long _promisedBytes;
    private volatile bool _isLow;

    private DiskSpace(IStorageDevice device, string path, long minFreeBytes)
    {
        _device = device;
        _path = path;
        MinFreeBytes = minFreeBytes;
    }

    /// <summary>The bound; 0 for none.</summary>
    public long MinFreeBytes { get; }

    /// <summary>True when the last <see cref="Look"/> found less than the bound.</summary>
    public bool IsLow => _isLow;

    /// <summary>Why something is refused, and what to do.</summary>
    public string Refusal => $"The disk of '{_path}' has less than {MinFreeBytes} free bytes (logqueue.disk.min.free.bytes), which are kept "
        + "for committed offsets and metadata: make room, or lower the bound.";

    /// <param name="device">The disk.</param>
    /// <param name="path">The data directory.</param>
    /// <param name="minFreeBytes">The bound; 0 for none, -1 for a twentieth of the disk, at most 1 GiB.</param>
    public static DiskSpace Create(IStorageDevice device, string path, long minFreeBytes) => new(
        device, path, minFreeBytes >= 0 ? minFreeBytes : Math.Min(MostAutomaticBytes, device.TotalBytes(path) / 20));

    /// <summary>Looks at the disk. True when <see cref="IsLow"/> changed. Throws <see cref="StorageException"/>.</summary>
    public bool Look()
    {
        bool isLow = MinFreeBytes > 0 && _device.FreeBytes(_path) < MinFreeBytes;
        bool changed = isLow != _isLow;
        _isLow = isLow;
        return changed;
    }

    /// <summary>
    /// True when that many bytes may be taken from the disk. The caller takes them and then calls <see cref="Taken"/>: until then they count,
    /// since the disk does not show them yet.
    /// </summary>
    public bool TryPromise(long bytes)
    {
        if (MinFreeBytes == 0)
        {
            return true;
        }

        long promised = Interlocked.Add(ref _promisedBytes, bytes);
        if (_device.FreeBytes(_path) - promised >= MinFreeBytes)
        {
            return true;
        }

        Taken(bytes);
        return false;
    }

    /// <summary>What was promised was taken, or is not needed.</summary>
    public void Taken(long bytes)
    {
        if (MinFreeBytes > 0)
        {
            Interlocked.Add(ref _promisedBytes, -bytes);
        }
    }
}
