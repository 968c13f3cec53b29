using LogQueue.Engine.Metadata;

namespace LogQueue.Engine.Topics;

/// <summary>
/// Gives out producer ids, each once for ever: ids are reserved in the metadata log in blocks of 1,000, and what a crash leaves of a
/// block is never used. Thread-safe.
/// </summary>
internal sealed class ProducerIds(MetadataLog metadata, int nodeId, long firstFree)
{
    /// <summary>Ids reserved by one record.</summary>
    public const int BlockSize = 1000;

    // Never disposed: those who wait at it when the engine closes must wake, and hear that the metadata log is closed.
    private readonly SemaphoreSlim _gate = new(1, 1);
    private long _next = firstFree;
    private long _reservedEnd = firstFree;

    /// <summary>The next id.</summary>
    public async Task<long> AllocateAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_next == _reservedEnd)
            {
                long end = _reservedEnd + BlockSize;
                await metadata.AppendAsync([MetadataRecords.ProducerIds(nodeId, end)]).ConfigureAwait(false);
                _reservedEnd = end;
            }

            return _next++;
        }
        finally
        {
            _gate.Release();
        }
    }
}
