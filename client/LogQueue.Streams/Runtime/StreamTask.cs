using LogQueue.Client;
using LogQueue.Records;
using LogQueue.Streams.Topology;
using LogQueue.Streams.Windowing;

namespace LogQueue.Streams.Runtime;

/// <summary>
/// The work on one partition: its processors, its state, its time. Stream time is the greatest event time seen in this partition, in the
/// order of its offsets; since equal keys share a partition, no other partition's progress can change a result. Not thread-safe: one
/// record at a time.
/// </summary>
internal sealed class StreamTask
{
    private readonly Func<ConsumedRecord, ValueTask> _entry;
    private readonly List<IWindowStore> _stores = [];
    private long _restoredUntil;
    private long _nextOffset = -1;

    public StreamTask(SourceNode source, TopicPartition partition, IStreamOutput output)
    {
        Partition = partition;
        Output = output;
        _entry = source.CreateEntry(this);
    }

    public TopicPartition Partition { get; }

    public IStreamOutput Output { get; }

    /// <summary>Greatest event time seen; long.MinValue before the first record.</summary>
    public long StreamTimeMs { get; private set; } = long.MinValue;

    /// <summary>Offset of the record at work.</summary>
    public long CurrentOffset { get; private set; } = -1;

    /// <summary>Records that came after all or some of their windows had closed.</summary>
    public long LateCount { get; private set; }

    /// <summary>Records that went through.</summary>
    public long RecordCount { get; private set; }

    /// <summary>The position to commit: reading from there gives back every open window. -1 when nothing was read.</summary>
    public TaskPosition Position
    {
        get
        {
            long safe = _nextOffset;
            foreach (IWindowStore store in _stores)
            {
                safe = Math.Min(safe, store.OldestNeededOffset ?? safe);
            }

            return new TaskPosition(safe, _nextOffset, StreamTimeMs);
        }
    }

    public void Register(IWindowStore store) => _stores.Add(store);

    /// <summary>
    /// Goes on where a former owner stood: windows that its stream time had closed stay closed while the open ones are folded again.
    /// </summary>
    public void Restore(TaskPosition position)
    {
        StreamTimeMs = position.StreamTimeMs;
        _restoredUntil = position.NextOffset;
    }

    public void ObserveEventTime(long eventTimeMs) => StreamTimeMs = Math.Max(StreamTimeMs, eventTimeMs);

    /// <summary>Counts a late record; false while state is rebuilt, when it only seems late because its window had closed before.</summary>
    public bool CountLate()
    {
        if (CurrentOffset < _restoredUntil)
        {
            return false;
        }

        LateCount++;
        return true;
    }

    public async ValueTask ProcessAsync(ConsumedRecord record)
    {
        CurrentOffset = record.Offset;
        RecordCount++;
        await _entry(record).ConfigureAwait(false);
        _nextOffset = record.Offset + 1;
        await CloseAsync(StreamTimeMs).ConfigureAwait(false);
    }

    /// <summary>Closes all windows: the input is known to have ended.</summary>
    public ValueTask CloseAllAsync() => CloseAsync(long.MaxValue);

    private async ValueTask CloseAsync(long streamTimeMs)
    {
        foreach (IWindowStore store in _stores)
        {
            await store.CloseUpToAsync(streamTimeMs).ConfigureAwait(false);
        }
    }
}
