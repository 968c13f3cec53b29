using LogQueue.Streams.Runtime;
using LogQueue.Streams.Topology;

namespace LogQueue.Streams.Windowing;

/// <summary>
/// Folds records into windows and closes them by event time. Open windows are held in memory; after a restart they are folded again from
/// the log, from the offset of the oldest one's first record on. Results of one moment leave by window end, then in the order in which
/// their keys first came, so that every replay gives them in the same order. Owned by its task.
/// </summary>
internal sealed class WindowAggregator<TKey, TValue, TResult> : IProcessor<TKey, TValue>, IWindowStore
    where TKey : notnull
{
    private readonly StreamTask _task;
    private readonly WindowSpec _window;
    private readonly Func<TResult> _create;
    private readonly Func<TResult, TValue, TResult> _add;
    private readonly bool _onUpdate;
    private readonly Func<StreamRecord<TKey, TValue>, ValueTask>? _late;
    private readonly IProcessor<Windowed<TKey>, TResult> _next;
    private readonly SortedDictionary<long, OpenWindow> _open = [];

    public WindowAggregator(
        StreamTask task, WindowSpec window, Func<TResult> create, Func<TResult, TValue, TResult> add, bool onUpdate,
        Func<StreamRecord<TKey, TValue>, ValueTask>? late, IProcessor<Windowed<TKey>, TResult> next)
    {
        _task = task;
        _window = window;
        _create = create;
        _add = add;
        _onUpdate = onUpdate;
        _late = late;
        _next = next;
        task.Register(this);
    }

    public long? OldestNeededOffset => _open.Count == 0 ? null : _open.Values.Min(static w => w.FirstOffset);

    public async ValueTask ProcessAsync(StreamRecord<TKey, TValue> record)
    {
        bool isLate = false;
        for (long start = _window.LastStart(record.EventTimeMs); start > record.EventTimeMs - _window.SizeMs; start -= _window.AdvanceMs)
        {
            if (start + _window.SizeMs + _window.GraceMs <= _task.StreamTimeMs)
            {
                isLate = true;
                continue;
            }

            TResult result = Add(start, record);
            if (_onUpdate)
            {
                await EmitAsync(record.Key, start, result).ConfigureAwait(false);
            }
        }

        if (isLate && _task.CountLate() && _late is not null)
        {
            await _late(record).ConfigureAwait(false);
        }
    }

    public async ValueTask CloseUpToAsync(long streamTimeMs)
    {
        while (_open.Count > 0)
        {
            (long start, OpenWindow window) = _open.First();
            if (start > streamTimeMs - _window.SizeMs - _window.GraceMs)
            {
                return;
            }

            _open.Remove(start);
            if (_onUpdate)
            {
                continue;
            }

            foreach (TKey key in window.Keys)
            {
                await EmitAsync(key, start, window.Results[key]).ConfigureAwait(false);
            }
        }
    }

    private TResult Add(long start, StreamRecord<TKey, TValue> record)
    {
        if (!_open.TryGetValue(start, out OpenWindow? window))
        {
            window = new OpenWindow(_task.CurrentOffset);
            _open.Add(start, window);
        }

        if (!window.Results.TryGetValue(record.Key, out TResult? result))
        {
            result = _create();
            window.Keys.Add(record.Key);
        }

        result = _add(result, record.Value);
        window.Results[record.Key] = result;
        return result;
    }

    // A result happened at the last moment of its window: later steps see it there, whenever it was computed.
    private ValueTask EmitAsync(TKey key, long start, TResult result) =>
        _next.ProcessAsync(new StreamRecord<Windowed<TKey>, TResult>(new Windowed<TKey>(key, start, start + _window.SizeMs), result,
            start + _window.SizeMs - 1));

    /// <summary>One window's state, keys in the order they came.</summary>
    private sealed class OpenWindow(long firstOffset)
    {
        public long FirstOffset { get; } = firstOffset;

        public List<TKey> Keys { get; } = [];

        public Dictionary<TKey, TResult> Results { get; } = [];
    }
}
