using LogQueue.Records;

namespace LogQueue.Client.Consuming;

/// <summary>
/// The partitions a consumer reads and what is read ahead of them: between the fetches, which add, and the one reader, who takes.
/// Thread-safe; one reader at a time.
/// </summary>
internal sealed class ReadState(ConsumerOptions options, Action kick)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TopicPartition, ReadPartition> _partitions = [];
    private readonly LinkedList<ReadPartition> _ready = new();
    private TaskCompletionSource? _readerWaits;
    private TaskCompletionSource? _quiet;
    private Exception? _fault;
    private bool _isFrozen;
    private FetchedChunk? _held;
    private bool _isAssigned;
    private bool _isClosed;

    public TopicPartition[] Assignment
    {
        get
        {
            lock (_lock)
            {
                return [.. _partitions.Keys];
            }
        }
    }

    /// <summary>Runs <paramref name="read"/> over all partitions under the lock: copy, do not call back.</summary>
    public T Read<T>(Func<Dictionary<TopicPartition, ReadPartition>, T> read)
    {
        lock (_lock)
        {
            return read(_partitions);
        }
    }

    /// <summary>Changes one partition; false when it is not (or no longer) assigned.</summary>
    public bool Change(TopicPartition id, Action<ReadPartition> change)
    {
        lock (_lock)
        {
            if (!_partitions.TryGetValue(id, out ReadPartition? partition))
            {
                return false;
            }

            change(partition);
            return true;
        }
    }

    /// <summary>Replaces the assignment.</summary>
    public void Assign(IReadOnlyList<TopicPartition> partitions)
    {
        lock (_lock)
        {
            DropAllLocked();
            foreach (TopicPartition id in partitions)
            {
                _partitions[id] = new ReadPartition(id);
            }

            _isFrozen = false;
            _isAssigned = true;
            WakeReaderLocked();
        }

        kick();
    }

    /// <summary>Adds partitions to those that are being read.</summary>
    public void Add(IEnumerable<TopicPartition> partitions)
    {
        lock (_lock)
        {
            foreach (TopicPartition id in partitions)
            {
                _partitions.TryAdd(id, new ReadPartition(id));
            }

            _isFrozen = false;
            _isAssigned = true;
            WakeReaderLocked();
        }
    }

    /// <summary>Takes some partitions away.</summary>
    public void Remove(IEnumerable<TopicPartition> partitions)
    {
        lock (_lock)
        {
            foreach (TopicPartition id in partitions)
            {
                if (_partitions.Remove(id, out ReadPartition? partition))
                {
                    DropChunksLocked(partition);
                    _ready.Remove(partition);
                }
            }

            WakeReaderLocked();
        }
    }

    /// <summary>Takes all partitions away.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            DropAllLocked();
        }
    }

    /// <summary>Yields nothing more; completes when the reader has asked past what it holds.</summary>
    public Task FreezeAsync()
    {
        lock (_lock)
        {
            _isFrozen = true;
            return QuietLocked(_partitions.Values);
        }
    }

    /// <summary>Yields nothing more of these; completes when the reader has asked past what it holds of them.</summary>
    public Task FreezeAsync(IEnumerable<TopicPartition> partitions)
    {
        lock (_lock)
        {
            ReadPartition[] leaving = [.. partitions.Where(_partitions.ContainsKey).Select(id => _partitions[id])];
            Array.ForEach(leaving, static p => p.IsLeaving = true);
            return QuietLocked(leaving);
        }
    }

    public void Seek(TopicPartition id, long offset)
    {
        bool found = Change(id, partition =>
        {
            DropChunksLocked(partition);
            partition.SeekCount++;
            partition.HasPosition = true;
            partition.FetchOffset = offset;
            partition.DeliveredOffset = offset;
        });
        if (!found)
        {
            throw NotAssigned(id);
        }

        kick();
    }

    public void SetPaused(TopicPartition id, bool isPaused)
    {
        bool found = Change(id, partition =>
        {
            partition.IsPaused = isPaused;
            if (isPaused && partition.Current is { } current)
            {
                current.MustStop = true;
            }

            MarkReadyLocked(partition);
            WakeReaderLocked();
        });
        if (!found)
        {
            throw NotAssigned(id);
        }

        kick();
    }

    /// <summary>Adds what a fetch brought, unless the partition was taken away or sought meanwhile.</summary>
    public void Add(ReadPartition partition, int seekCount, IReadOnlyList<FetchedChunk> chunks, long nextFetchOffset, long endOffset)
    {
        lock (_lock)
        {
            if (partition.SeekCount != seekCount || !_partitions.TryGetValue(partition.Id, out ReadPartition? mine) || mine != partition)
            {
                return;
            }

            partition.EndOffset = endOffset;
            partition.FetchOffset = nextFetchOffset;
            partition.FailureCount = 0;
            partition.ArrivedBytes = 0;
            foreach (FetchedChunk chunk in chunks)
            {
                partition.Chunks.Add(chunk);
                partition.BufferedBytes += chunk.SizeBytes;
            }

            MarkReadyLocked(partition);
            if (chunks.Count > 0 || options.StopAtEnd)
            {
                WakeReaderLocked();
            }
        }
    }

    /// <summary>Ends the reading with an error.</summary>
    public void Fail(Exception error)
    {
        lock (_lock)
        {
            _fault ??= error;
            WakeReaderLocked();
        }
    }

    /// <summary>Ends the reading: the reader sees the end.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
            WakeReaderLocked();
        }
    }

    /// <summary>Something changed that may let the reader go on (or end).</summary>
    public void WakeReader()
    {
        lock (_lock)
        {
            WakeReaderLocked();
        }
    }

    /// <summary>
    /// Gives back a chunk: <paramref name="nextIndex"/> is the first record not yielded. When <paramref name="isAskedPast"/>, the one
    /// before counts as done; else (the reader stopped at it) it counts when somebody asks again.
    /// </summary>
    public void GiveBack(FetchedChunk chunk, int nextIndex, bool isAskedPast)
    {
        lock (_lock)
        {
            ReadPartition partition = chunk.Partition;
            if (partition.Current == chunk)
            {
                partition.TakeBack(chunk, nextIndex, isAskedPast);
                MarkReadyLocked(partition);
            }

            _held = null;
            _quiet?.TrySetResult();
            _quiet = null;
        }
    }

    /// <summary>The next chunk with something to yield; null at the end. Waits for one.</summary>
    /// <exception cref="KafkaException">Reading failed.</exception>
    public async ValueTask<FetchedChunk?> TakeAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Task wait;
            bool mustKick = false;
            FetchedChunk? taken = null;
            lock (_lock)
            {
                if (_fault is { } fault)
                {
                    System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(fault);
                }

                taken = _isFrozen || _isClosed ? null : TakeLocked(out mustKick);
                if (taken is not null)
                {
                    _held = taken;
                }
                else if (_isClosed || IsFinishedLocked())
                {
                    return null;
                }

                _readerWaits ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                wait = _readerWaits.Task;
            }

            if (mustKick)
            {
                kick();
            }

            if (taken is not null)
            {
                return taken;
            }

            await wait.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private FetchedChunk? TakeLocked(out bool mustKick)
    {
        mustKick = false;
        for (LinkedListNode<ReadPartition>? node = _ready.First; node is not null; node = _ready.First)
        {
            ReadPartition partition = node.Value;
            _ready.Remove(node);
            partition.IsReady = false;
            while (!partition.IsPaused && !partition.IsLeaving && partition.Chunks.Count > 0)
            {
                FetchedChunk chunk = partition.Chunks[0];
                partition.Chunks.RemoveAt(0);
                bool wasFull = partition.BufferedBytes >= options.PrefetchBytes;
                partition.BufferedBytes -= chunk.SizeBytes;
                mustKick |= wasFull && partition.BufferedBytes < options.PrefetchBytes;
                if (chunk.Start >= chunk.Count)
                {
                    // Only records that are not shown (control batches, aborted, compacted away), or all yielded before a pause.
                    partition.DeliveredOffset = chunk.NextOffset;
                    continue;
                }

                MarkReadyLocked(partition);
                chunk.Position = chunk.Start > 0 ? chunk.Records[chunk.Start - 1].Offset + 1 : partition.DeliveredOffset;
                partition.Current = chunk;
                return chunk;
            }
        }

        return null;
    }

    private bool IsFinishedLocked() => options.StopAtEnd && _isAssigned && !_isFrozen && _partitions.Values.All(static p => p.IsFinished);

    private Task QuietLocked(IEnumerable<ReadPartition> partitions)
    {
        bool isHeld = false;
        foreach (ReadPartition partition in partitions)
        {
            if (partition.Current is { } current)
            {
                current.MustStop = true;
                isHeld |= current == _held;
            }
        }

        _quiet = !isHeld ? _quiet : _quiet ?? new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return isHeld ? _quiet!.Task : Task.CompletedTask;
    }

    private void MarkReadyLocked(ReadPartition partition)
    {
        if (!partition.IsReady && !partition.IsPaused && !partition.IsLeaving && partition.Chunks.Count > 0)
        {
            partition.IsReady = true;
            _ready.AddLast(partition);
        }
    }

    private void WakeReaderLocked()
    {
        _readerWaits?.TrySetResult();
        _readerWaits = null;
    }

    private void DropAllLocked()
    {
        foreach (ReadPartition partition in _partitions.Values)
        {
            DropChunksLocked(partition);
        }

        _partitions.Clear();
        _ready.Clear();
    }

    private static void DropChunksLocked(ReadPartition partition)
    {
        partition.Chunks.Clear();
        (partition.BufferedBytes, partition.ArrivedBytes) = (0, 0);
        if (partition.Current is { } current)
        {
            current.MustStop = true;
            partition.Current = null;
        }
    }

    private static InvalidOperationException NotAssigned(TopicPartition id) =>
        new($"{id.Topic}-{id.Partition} is not assigned to this consumer (any more).");
}
