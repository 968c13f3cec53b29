namespace LogQueue.Engine.Partitions;

/// <summary>The waiters of one partition. Signalling costs one volatile read when nobody watches. Thread-safe.</summary>
internal sealed class WatcherList
{
    private readonly Lock _gate = new();
    private Watch[] _watches = [];
    private int _count;

    /// <summary>True when somebody watches.</summary>
    public bool Any => Volatile.Read(ref _count) != 0;

    /// <summary>Adds a watch; signals raised from now on reach it.</summary>
    public void Add(Watch watch)
    {
        lock (_gate)
        {
            if (_count == _watches.Length)
            {
                Array.Resize(ref _watches, Math.Max(2, _count * 2));
            }

            watch.Slot = _count;
            _watches[_count] = watch;

            // A full fence: the watcher reads the partition's offsets after this, the signaller wrote them before it reads the count.
            Interlocked.Increment(ref _count);
        }
    }

    /// <summary>Removes a watch: the last one takes its slot.</summary>
    public void Remove(Watch watch)
    {
        lock (_gate)
        {
            int last = _count - 1;
            Watch moved = _watches[last];
            _watches[watch.Slot] = moved;
            moved.Slot = watch.Slot;
            _watches[last] = null!;
            Volatile.Write(ref _count, last);
        }
    }

    /// <summary>Wakes all who wait.</summary>
    public void Signal()
    {
        // Orders the offsets written before against the count read now; see Add.
        Interlocked.MemoryBarrier();
        if (_count == 0)
        {
            return;
        }

        lock (_gate)
        {
            for (int i = 0; i < _count; i++)
            {
                _watches[i].Owner.Signal();
            }
        }
    }

    /// <summary>One waiter's place in one partition's list; reused by its waiter.</summary>
    internal sealed class Watch(DataWaiter owner)
    {
        /// <summary>Who waits.</summary>
        public DataWaiter Owner { get; } = owner;

        /// <summary>The partition watched; null while unused.</summary>
        public Partition? Partition { get; set; }

        /// <summary>Index in the list; guarded by the list.</summary>
        public int Slot { get; set; }
    }
}
