using LogQueue.Records;
using LogQueue.Storage;
using LogQueue.Storage.Compaction;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Partitions;

/// <summary>A log that ends, changes or rots under its cleaner.</summary>
public sealed class LogCleaningTests
{
    private readonly SimulatedStorageDevice _device = new(StorageRig.Root);

    [Theory]
    [InlineData("closed")]
    [InlineData("fenced")]
    [InlineData("removed")]
    public void A_cleaned_segment_is_not_swapped_into_a_log_that_ended_or_no_longer_has_its_sources(string how)
    {
        using StorageRig rig = Filled();
        Once(static o => o.Kind == "syncdir" && o.Path == StorageRig.Directory, () => End(rig, how)); // the cleaned files are whole by then
        byte[][] before = [.. DamageRig.Logs(_device).Select(_device.Content)];

        CleanResult result = CompactionRig.Clean(rig.Log);

        Assert.False(result.IsComplete);
        Assert.Equal(0, result.RecordsRemoved);
        Assert.Null(CleanCheckpoint.TryLoad(_device, StorageRig.Directory));
        Assert.Equal(before.Skip(how == "removed" ? 1 : 0), DamageRig.Logs(_device).Select(_device.Content));
        Assert.DoesNotContain(_device.ListFiles(StorageRig.Directory), static n => n.Contains("cleaned", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("closed")]
    [InlineData("cut")]
    public void A_log_that_ended_before_the_pass_was_noted_is_not_called_clean(string how)
    {
        using var rig = new StorageRig(_device, CompactionRig.Small);
        CompactionRig.Append(rig.Log, CompactionRig.Batch([("a", "1"), ("b", "1")]));
        CompactionRig.RollAndSeal(rig.Log);
        Once(static o => o.Kind == "delete" && o.Path.EndsWith(".log.cleaned", StringComparison.Ordinal), () => End(rig, how));

        Assert.False(CompactionRig.Clean(rig.Log).IsComplete);

        using var again = new StorageRig(_device.Copy(), CompactionRig.Small);
        Assert.Equal(0, again.Log.PlanCleaning(again.Time.GetUtcNow())!.FirstDirtyOffset);
    }

    [Fact]
    public void A_cleaned_segment_that_is_other_bytes_than_were_written_fences_and_readers_go_on()
    {
        string index = $"{StorageRig.Directory}/00000000000000000000.timeindex";
        using (StorageRig rig = Filled())
        {
            SortedDictionary<string, KeyedRecord> before = CompactionRig.LastOf(CompactionRig.Read(rig.Log));
            Once(o => o.Kind == "rename" && o.Path == index + ".cleaned", () => _device.FlipBit(index + ".cleaned", 5));

            CorruptLogException e = Assert.Throws<CorruptLogException>(() => CompactionRig.Clean(rig.Log));

            Assert.Equal($"{StorageRig.Directory}/00000000000000000000.log", e.Path);
            Assert.Contains("the cleaned segment as it was sealed", e.Message, StringComparison.Ordinal);
            Assert.Same(e, rig.Context.Fence.Cause);
            Assert.Equal(before, CompactionRig.LastOf(CompactionRig.Read(rig.Log)));
        }

        using var again = new StorageRig(_device, CompactionRig.Small);
        Assert.Empty(again.Log.Recovery.Damage);
        Assert.Equal(["k0", "k1", "k2", "k3", "k4", "a", "k5"], CompactionRig.Read(again.Log).Select(static r => r.Key));
    }

    [Fact]
    public async Task A_swap_that_cannot_open_all_its_sources_gives_back_those_it_holds()
    {
        using (StorageRig rig = Filled())
        {
            int failed = 0;
            _device.Fault = o => o.Kind is "open" or "map" && o.Path.EndsWith("4.timeindex", StringComparison.Ordinal) && failed++ >= 0
                ? new SimulatedFault(StorageError.TooManyFiles) : null;
            Assert.Equal(StorageError.TooManyFiles, Assert.Throws<StorageException>(() => CompactionRig.Clean(rig.Log)).Error);
            Assert.InRange(failed, 1, 100);
            Assert.False(rig.Context.Fence.IsTripped);
            _device.Fault = null;
            Assert.True(CompactionRig.Clean(rig.Log).IsComplete);
            Assert.Equal(["k0", "k1", "k2", "k3", "k4", "a", "k5"], CompactionRig.Read(rig.Log).Select(static r => r.Key));
            await rig.Log.CloseAsync();
        }

        Assert.Equal(0, _device.OpenFiles); // a pin that was kept would keep its file open for ever
    }

    [Fact]
    public void A_checkpoint_past_the_end_of_the_log_calls_nothing_clean()
    {
        using StorageRig rig = Filled();
        new CleanCheckpoint(rig.Log.LogEndOffset + 1, long.MaxValue).Save(_device, StorageRig.Directory);
        Assert.Equal(0, rig.Log.PlanCleaning(rig.Time.GetUtcNow())!.FirstDirtyOffset);
        using StorageRig other = new(new SimulatedStorageDevice(StorageRig.Root), CompactionRig.Small);
        CompactionRig.Append(other.Log, CompactionRig.Batch([("a", "1")]));
        new CleanCheckpoint(1, long.MaxValue).Save(other.Device, StorageRig.Directory);
        Assert.Equal(1, other.Log.PlanCleaning(other.Time.GetUtcNow())!.FirstDirtyOffset);
    }

    [Fact]
    public void A_segment_that_could_not_be_sealed_yet_is_not_cleaned()
    {
        _device.Fault = static o => o.Kind == "create" && o.Path.Contains(".seal", StringComparison.Ordinal)
            ? new SimulatedFault(StorageError.NoSpace) : null;
        using StorageRig rig = Filled();
        Assert.Empty(rig.Log.PlanCleaning(rig.Time.GetUtcNow())!.Segments);
        _device.Fault = null;
        rig.Log.Maintain(rig.Time.GetUtcNow());
        Assert.Equal(6, rig.Log.PlanCleaning(rig.Time.GetUtcNow())!.Segments.Length);
    }

    [Fact]
    public async Task A_log_that_was_compacted_once_has_gaps_and_no_damage_whatever_its_policy_and_its_caches()
    {
        string[] keys;
        using (StorageRig rig = WithAGapBetweenSegments(_device))
        {
            keys = [.. CompactionRig.Read(rig.Log).Select(static r => r.Key)];
            await rig.Log.CloseAsync();
        }

        foreach (string[] lost in (string[][])[[], [".seal"], [".seal", "recovery.ckpt"], ["recovery.ckpt"]])
        {
            foreach (bool isCompacted in (bool[])[true, false])
            {
                SimulatedStorageDevice device = _device.Copy();
                foreach (string name in device.ListFiles(StorageRig.Directory)
                    .Where(n => lost.Any(end => n.EndsWith(end, StringComparison.Ordinal))))
                {
                    device.Delete($"{StorageRig.Directory}/{name}");
                }

                using var rig = new StorageRig(device, CompactionRig.Small with { Compacted = isCompacted });
                string what = $"{string.Join(' ', lost)} {isCompacted}: {string.Join(' ', rig.Log.Recovery.Damage)}";
                Assert.True(rig.Log.Recovery.Damage.Count == 0 && rig.Log.Recovery.CutBytes == 0, what);
                Assert.Equal(keys, CompactionRig.Read(rig.Log).Select(static r => r.Key));
            }
        }
    }

    [Fact]
    public void The_first_swap_and_a_cut_leave_gaps_that_no_power_cut_turns_into_damage_under_another_policy()
    {
        using StorageRig rig = WithAGapBetweenSegments(_device);
        for (int seed = 0; seed < 40; seed++)
        {
            using var cleaned = new StorageRig(_device.Crash(seed), CompactionRig.Small with { Compacted = false });
            Assert.Empty(cleaned.Log.Recovery.Damage);
            Assert.Equal(["b", "a", "c"], CompactionRig.Read(cleaned.Log).Select(static r => r.Key));
        }

        rig.Log.TruncateTo(4);
        for (int seed = 0; seed < 40; seed++)
        {
            using var cut = new StorageRig(_device.Crash(seed), CompactionRig.Small with { Compacted = false });
            Assert.Empty(cut.Log.Recovery.Damage);
            Assert.Equal(["b", "a"], CompactionRig.Read(cut.Log).Select(static r => r.Key));
        }
    }

    [Fact]
    public void A_cut_in_a_gap_that_cleaning_left_keeps_what_lies_before_it()
    {
        using (StorageRig rig = WithAGapBetweenSegments(_device))
        {
            rig.Log.TruncateTo(2);
            Assert.Equal((0L, 1L), (rig.Log.LogStartOffset, rig.Log.LogEndOffset));
            Assert.Equal(["b"], CompactionRig.Read(rig.Log).Select(static r => r.Key));
            Assert.Equal(1, CompactionRig.Append(rig.Log, CompactionRig.Batch([("d", "1")])));
            rig.Log.Commit();
        }

        using var again = new StorageRig(_device.Crash(1), CompactionRig.Small);
        Assert.Empty(again.Log.Recovery.Damage);
        Assert.Equal(["b", "d"], CompactionRig.Read(again.Log).Select(static r => r.Key));
    }

    /// <summary>
    /// The cut begins at each batch of a pass, on a thread of its own as a follower's would: the pass must give up and leave nothing, and the
    /// power may fail at any operation after it.
    /// </summary>
    [Theory]
    [InlineData(13)] // behind all that is cleaned
    [InlineData(5)]
    public void A_cut_beside_a_pass_ends_it_and_no_power_cut_shows_a_trace_of_either(long offset)
    {
        bool isDone = false;
        for (int at = 1; !isDone; at++)
        {
            long operations = 1;
            for (long power = 0; power <= operations; power++)
            {
                var device = new SimulatedStorageDevice(StorageRig.Root);
                using StorageRig rig = Filled(device);
                CompactionRig.Append(rig.Log, CompactionRig.Batch([("a", "last"), ("end", "x")]));
                rig.Log.Commit();
                List<KeyedRecord> before = CompactionRig.Read(rig.Log);
                isDone = !CleanBesideACut(rig, at, offset, power, out operations);
                using var again = new StorageRig(device.Crash((int)power), CompactionRig.Small);
                string how = $"cut at batch {at}, power cut at {power}";
                Assert.True(again.Log.Recovery.Damage.Count == 0, $"{how}: {string.Join("; ", again.Log.Recovery.Damage)}");
                Assert.DoesNotContain(again.Device.ListFiles(StorageRig.Directory), static n => n.EndsWith(".cleaned", StringComparison.Ordinal));
                List<KeyedRecord> seen = CompactionRig.Read(again.Log);
                Assert.True(seen.Select(static r => r.Offset).SequenceEqual(seen.Select(static r => r.Offset).Distinct().Order()), $"{how}: the order");
                Assert.Empty(seen.Except(before));
                Assert.True(seen.Exists(static r => r.Key == "k0"), $"{how}: the first key is lost");
                Assert.True(power > 0 || isDone || again.Log.LogEndOffset <= offset, $"{how}: the log ends at {again.Log.LogEndOffset}");
                if (again.Log.LogEndOffset >= 13)
                {
                    Assert.Equal(["k0", "k1", "k2", "k3", "k4", "k5"], seen.Where(static r => r.Key[0] == 'k').Select(static r => r.Key));
                }
            }
        }
    }

    /// <summary>True when the pass met the batch at which the cut was to begin.</summary>
    private static bool CleanBesideACut(StorageRig rig, int at, long offset, long powerCutAfter, out long operations)
    {
        var device = (SimulatedStorageDevice)rig.Device;
        int batches = 0;
        Exception? failed = null;
        Thread? cutting = null;
        long started = 0;
        var throttle = new CleanThrottle(1, rig.Time, (_, token) =>
        {
            if (++batches == at)
            {
                started = device.Operations;
                device.CutPowerAt = powerCutAfter == 0 ? 0 : started + powerCutAfter;
                cutting = new Thread(() => failed = Xunit.Record.Exception(() => rig.Log.TruncateTo(offset)));
                cutting.Start();
                Assert.True(token.WaitHandle.WaitOne(TimeSpan.FromSeconds(30)), "the pass was not told to give up");
                Assert.False(powerCutAfter == 0 && cutting.Join(20), "the cut did not wait for the pass");
            }
        });
        CleanResult result = default;
        Exception? ended = Xunit.Record.Exception(() => result = rig.Log.Clean(
            new KeyOffsetMap(100L * KeyOffsetMap.EntryBytes), throttle, new Random(1), CancellationToken.None));
        cutting?.Join();
        operations = device.Operations - started;
        Assert.True(device.IsPowerCut || (ended is null && failed is null), $"cut at batch {at}: {ended} {failed}");
        if (cutting is not null && !device.IsPowerCut)
        {
            Assert.False(result.IsComplete);
            Assert.False(rig.Context.Fence.IsTripped);
            Assert.DoesNotContain(device.ListFiles(StorageRig.Directory), static n => n.EndsWith(".cleaned", StringComparison.Ordinal));
            Assert.True(CompactionRig.Clean(rig.Log).IsComplete); // nothing holds the next pass back
        }

        return cutting is not null;
    }

    [Fact]
    public void A_topic_that_is_deleted_ends_its_running_pass_first()
    {
        using StorageRig rig = Filled();
        Thread? deleting = null;
        var throttle = new CleanThrottle(1, rig.Time, (_, token) =>
        {
            deleting ??= Start(rig.Log.Delete);
            Assert.True(token.WaitHandle.WaitOne(TimeSpan.FromSeconds(30)), "the pass was not told to give up");
            Assert.False(deleting.Join(20), "the deletion did not wait for the pass");
        });

        Assert.False(rig.Log.Clean(new KeyOffsetMap(100L * KeyOffsetMap.EntryBytes), throttle, new Random(1), CancellationToken.None).IsComplete);

        deleting!.Join();
        Assert.False(rig.Context.Fence.IsTripped);
        Assert.Empty(_device.ListDirectories(StorageRig.Root));
        Assert.Null(rig.Log.PlanCleaning(rig.Time.GetUtcNow()));
    }

    private static Thread Start(ThreadStart action)
    {
        var thread = new Thread(action);
        thread.Start();
        return thread;
    }

    /// <summary>Segments 0 to 2 with a record at 0 only, and 3 to 4, of which each stays; too large to become one.</summary>
    private static StorageRig WithAGapBetweenSegments(SimulatedStorageDevice device)
    {
        var rig = new StorageRig(device, CompactionRig.Small);
        CompactionRig.Append(rig.Log, CompactionRig.Batch([("b", new string('x', 600))]));
        CompactionRig.Append(rig.Log, CompactionRig.Batch([("a", "1")]));
        CompactionRig.Append(rig.Log, CompactionRig.Batch([("a", "2")]));
        CompactionRig.RollAndSeal(rig.Log);
        CompactionRig.Append(rig.Log, CompactionRig.Batch([("a", "3")]));
        CompactionRig.Append(rig.Log, CompactionRig.Batch([("c", new string('x', 600))]));
        CompactionRig.RollAndSeal(rig.Log);
        CompactionRig.Clean(rig.Log);
        Assert.Equal(3, rig.Log.SegmentCount);
        Assert.Equal([0L, 3, 4], CompactionRig.Batches(rig.Log).Select(static b => new RecordBatchView(b.Batch).BaseOffset));
        return rig;
    }

    private StorageRig Filled() => Filled(_device);

    private static StorageRig Filled(SimulatedStorageDevice device)
    {
        var rig = new StorageRig(device, CompactionRig.Small);
        for (int i = 0; i < 6; i++)
        {
            CompactionRig.Append(rig.Log, CompactionRig.Batch([("a", $"{i}"), ($"k{i}", "x")]));
            CompactionRig.RollAndSeal(rig.Log);
        }

        return rig;
    }

    private void Once(Func<SimulatedOperation, bool> when, Action action)
    {
        bool done = false;
        _device.Fault = o =>
        {
            if (!done && when(o))
            {
                done = true;
                action();
            }

            return null;
        };
    }

    private static void End(StorageRig rig, string how)
    {
        switch (how)
        {
            case "closed": rig.Log.Dispose(); break;
            case "fenced": rig.Context.Fence.Trip(new IOException("the disk is gone")); break;
            case "cut": rig.Log.TruncateTo(1); break;
            default: rig.Log.AdvanceLogStart(2); break;
        }
    }
}
