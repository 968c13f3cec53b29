using LogQueue.Storage.Files;

namespace LogQueue.Engine.Opening;

/// <summary>
/// The open files and maps of one engine. Engines of one process share its limits in equal parts: each part shrinks when another engine
/// opens, and grows when one closes. Thread-safe.
/// </summary>
internal sealed class HandleBudgets : IDisposable
{
    private readonly HandleShares _shares;
    private readonly EngineCount _engines;
    private int _isDisposed;

    /// <param name="options">Options of the engine.</param>
    /// <param name="device">Its disk; where files run out all the same, idle ones are closed.</param>
    /// <param name="fence">Trips when a sync fails that was to make room.</param>
    public HandleBudgets(LogEngineOptions options, IStorageDevice device, DirectoryFence fence)
    {
        _engines = options.Engines;
        _engines.Add();
        int limit = options.OpenFileLimit > 0 ? options.OpenFileLimit : ProcessLimits.RaiseOpenFiles();
        _shares = HandleShares.Of(limit, ProcessLimits.MapCount(), options.Connections);
        Files = new LeaseBudget(() => PartOf(_shares.Files)) { SyncFailed = fence.Trip };
        Maps = new LeaseBudget(() => PartOf(_shares.Maps));
        if (device is DiskStorageDevice disk)
        {
            disk.OutOfHandles = Files.CloseIdle;
        }

        if (_shares.Warning is { } warning)
        {
            options.OnWarning?.Invoke(warning);
        }
    }

    /// <summary>Log and index files.</summary>
    public LeaseBudget Files { get; }

    /// <summary>Mapped indexes.</summary>
    public LeaseBudget Maps { get; }

    /// <summary>Limits and use now.</summary>
    public OpenFileLimits Limits => new()
    {
        Limit = _shares.Limit,
        Reserve = _shares.Reserve,
        MostConnections = _shares.Sockets,
        MostLogFiles = Files.Most,
        OpenLogFiles = Files.OpenCount,
    };

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
        {
            _engines.Remove();
        }
    }

    private int PartOf(int all) => all / _engines.Value;
}
