using LogQueue.Storage;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Partitions;

/// <summary>
/// The power is cut at every operation of a scripted run. The oracle: acknowledged ⊆ log ⊆ appended, a prefix, every record at its offset;
/// recovering twice gives the same log; a power cut during recovery changes nothing of this.
/// </summary>
public sealed class CrashTests
{
    private static readonly LogOptions Small = new()
    {
        SegmentBytes = 1500,
        IndexIntervalBytes = 200,
        PreallocateFirstBytes = 512,
        PreallocateStepBytes = 1024,
        RetentionMs = -1,
    };

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Every_operation_may_be_the_last(bool publishDurableOnly)
    {
        long operations = Run(new SimulatedStorageDevice(StorageRig.Root), 0, publishDurableOnly, out _, out _).Operations;
        Assert.InRange(operations, 100, 10_000);
        for (long cut = 1; cut <= operations; cut++)
        {
            SimulatedStorageDevice device = Run(new SimulatedStorageDevice(StorageRig.Root) { CutPowerAt = cut }, cut, publishDurableOnly, out Trace trace, out _);
            for (int seed = 0; seed < 6; seed++)
            {
                Check(device.Crash(seed), trace, $"cut at {cut}, seed {seed}");
            }
        }
    }

    [Fact]
    public void Recovery_may_be_cut_too()
    {
        long operations = Run(new SimulatedStorageDevice(StorageRig.Root), 0, true, out _, out _).Operations;
        for (long cut = 7; cut <= operations; cut += 13)
        {
            SimulatedStorageDevice device = Run(new SimulatedStorageDevice(StorageRig.Root) { CutPowerAt = cut }, cut, true, out Trace trace, out _);
            for (int again = 1; ; again++)
            {
                SimulatedStorageDevice crashed = device.Crash((int)cut);
                crashed.CutPowerAt = again;
                try
                {
                    using var rig = new StorageRig(crashed, Small);
                    break;
                }
                catch (SimulatedPowerCutException)
                {
                    Check(crashed.Crash(again), trace, $"cut at {cut}, then in recovery at {again}");
                }
            }
        }
    }

    [Fact]
    public void A_power_cut_while_old_segments_are_deleted_shows_no_hole()
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        using var rig = new StorageRig(device, Small);
        for (int i = 0; i < 15; i++)
        {
            rig.Log.Append(TestBatches.Build(1, i, valueBytes: 300), AppendOrigin.Client);
            rig.Log.Commit();
        }

        Assert.True(rig.Log.SegmentCount > 4);
        device.Boundary = d =>
        {
            for (int seed = 0; seed < 30; seed++)
            {
                using var again = new StorageRig(d.Crash(seed, CrashProfile.Weak), Small);
                Assert.Empty(again.Log.Recovery.Damage);
                Assert.Contains(again.Log.LogStartOffset, new long[] { 0, 14 });
                Assert.Equal(15 - again.Log.LogStartOffset, StorageRig.ReadAll(again.Log, again.Log.LogStartOffset).Count);
            }
        };
        rig.Log.AdvanceLogStart(14);
        device.Boundary(device);
        device.Boundary = null;
    }

    [Fact]
    public void A_power_cut_while_a_sealed_segment_is_cut_shows_no_zeros()
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        using var rig = new StorageRig(device, Small);
        for (int i = 0; i < 12; i++)
        {
            rig.Log.Append(TestBatches.Build(1, i, valueBytes: 300), AppendOrigin.Client);
            rig.Log.Commit();
        }

        int cuts = 0;
        device.Boundary = d =>
        {
            for (int seed = 0; seed < 60; seed++)
            {
                cuts++;
                using var again = new StorageRig(d.Crash(seed), Small);
                List<SeenRecord> seen = StorageRig.ReadAll(again.Log, 0);
                Assert.Equal(again.Log.LogEndOffset, seen.Count);
                Assert.InRange(seen.Count, 2, 12);
            }
        };
        rig.Log.TruncateTo(2);
        device.Boundary = null;
        Assert.True(cuts > 600);
    }

    [Theory]
    [InlineData(false, 0)]
    [InlineData(true, 0)]
    [InlineData(false, 7)]
    [InlineData(true, 7)]
    [InlineData(false, 4)]
    public void A_torn_header_part_which_no_checksum_covers_is_a_torn_tail(bool inNewSegment, int damagedByte)
    {
        foreach (bool compacted in (ReadOnlySpan<bool>)[false, true])
        {
            LogOptions options = Small with { Compacted = compacted, IndexIntervalBytes = 1 };
            var device = new SimulatedStorageDevice(StorageRig.Root);
            using (var rig = new StorageRig(device, options))
            {
                rig.Log.Append(TestBatches.Build(2, 0), AppendOrigin.Client);
                rig.Log.Append(TestBatches.Build(2, 2), AppendOrigin.Client);
                rig.Log.Commit();
                rig.Log.Maintain(rig.Time.GetUtcNow());
                if (inNewSegment)
                {
                    rig.Log.Roll();
                }

                rig.Log.Append(TestBatches.Build(2, 4), AppendOrigin.Client);
                rig.Log.Append(TestBatches.Build(2, 6), AppendOrigin.Client);
            }

            long batchBytes = TestBatches.Build(2, 0).Length;
            string file = $"{StorageRig.Directory}/{(inNewSegment ? 4 : 0):D20}.log";
            foreach (int bit in (ReadOnlySpan<int>)[1, 3, 5]) // more than one: a single flipped bit is no torn write
            {
                device.FlipBit(file, (((inNewSegment ? 0 : 2 * batchBytes) + damagedByte) * 8) + bit);
            }

            using var again = new StorageRig(device, options);
            Assert.Empty(again.Log.Recovery.Damage);
            Assert.Equal(4, again.Log.LogEndOffset);
        }
    }

    [Fact]
    public void The_same_seed_gives_the_same_trace()
    {
        SimulatedStorageDevice one = Run(new SimulatedStorageDevice(StorageRig.Root), 0, true, out _, out _);
        SimulatedStorageDevice two = Run(new SimulatedStorageDevice(StorageRig.Root), 0, true, out _, out _);
        Assert.Equal(one.TraceHash, two.TraceHash);
    }

    [Fact]
    public void A_failed_sync_fences_the_directory_and_nothing_acknowledged_is_lost()
    {
        long syncs = Run(new SimulatedStorageDevice(StorageRig.Root), 0, true, out _, out _).Syncs;
        for (int failing = 1; failing <= syncs; failing++)
        {
            int seen = 0;
            var device = new SimulatedStorageDevice(StorageRig.Root)
            {
                Fault = o => o.Kind is "sync" or "syncdir" && ++seen == failing ? new SimulatedFault(StorageError.InputOutput) : null,
            };
            Run(device, failing, true, out Trace trace, out StorageRig? rig);
            if (rig is not null)
            {
                Assert.True(rig.Context.Fence.IsTripped, $"sync {failing} failed unseen");
                long after = device.Syncs;
                Assert.Equal(AppendStatus.Offline, rig.Log.Append(TestBatches.Build(1, 0), AppendOrigin.Client).Status);
                rig.Log.Commit();
                rig.Log.Dispose();
                Assert.Equal(after, device.Syncs);
            }

            device.Fault = null;
            Check(device.Crash(failing), trace, $"sync {failing} failed");
        }
    }

    /// <summary>The script: batches, commits, rolls, log start, a close and a reopen.</summary>
    private static SimulatedStorageDevice Run(
        SimulatedStorageDevice device, long seed, bool publishDurableOnly, out Trace trace, out StorageRig? last)
    {
        _ = seed;
        trace = new Trace();
        last = null;
        try
        {
            var random = new Random(11);
            for (int session = 0; session < 2; session++)
            {
                var rig = new StorageRig(device, Small, publishDurableOnly);
                last = rig;
                trace.Acknowledged = Math.Max(trace.Acknowledged, 0);
                for (int i = 0; i < 22; i++)
                {
                    int count = random.Next(1, 4);
                    long offset = rig.Log.LogEndOffset;
                    byte[] batch = TestBatches.Build(count, offset, TestBatches.StartMs + random.Next(1000), random.Next(8, 300));
                    trace.Attempted(offset, count);
                    if (rig.Log.Append(batch, AppendOrigin.Client).Status != AppendStatus.Appended)
                    {
                        return device;
                    }

                    if (random.Next(3) == 0)
                    {
                        rig.Log.Commit();
                        if (rig.Context.Fence.IsTripped)
                        {
                            return device;
                        }

                        trace.Acknowledged = rig.Log.RecoveryPoint;
                    }

                    if (i == 15)
                    {
                        trace.LogStartMayBe = rig.Log.HighWatermark / 2;
                        rig.Log.AdvanceLogStart(trace.LogStartMayBe);
                        trace.LogStartIs = trace.LogStartMayBe;
                        trace.Acknowledged = Math.Max(trace.Acknowledged, rig.Log.RecoveryPoint);
                    }
                }

                if (session == 0)
                {
                    rig.Log.CloseAsync().GetAwaiter().GetResult();
                    if (rig.Context.Fence.IsTripped)
                    {
                        return device;
                    }

                    trace.Acknowledged = trace.End;
                }
            }
        }
        catch (Exception e) when (e is SimulatedPowerCutException or LogOfflineException or StorageException)
        {
            if (e is StorageException && last is not null && !last.Context.Fence.IsTripped)
            {
                last = null; // it failed while opening
            }
        }

        return device;
    }

    private static void Check(SimulatedStorageDevice device, Trace trace, string how)
    {
        List<SeenRecord> first;
        long start;
        long end;
        using (var rig = new StorageRig(device, Small))
        {
            Assert.True(rig.Log.Recovery.Damage.Count == 0, $"{how}: {string.Join("; ", rig.Log.Recovery.Damage)}");
            start = rig.Log.LogStartOffset;
            end = rig.Log.LogEndOffset;
            Assert.True(end >= trace.Acknowledged, $"{how}: acknowledged to {trace.Acknowledged}, the log ends at {end}");
            Assert.True(end <= trace.End, $"{how}: appended to {trace.End}, the log ends at {end}");
            Assert.True(start >= trace.LogStartIs && start <= Math.Max(trace.LogStartIs, trace.LogStartMayBe), $"{how}: log start {start}");
            first = StorageRig.ReadAll(rig.Log, start, ReadIsolation.Uncommitted);
            Assert.True(first.Count == end - start, $"{how}: {first.Count} records from {start} to {end}");
            for (int i = 0; i < first.Count; i++)
            {
                Assert.True(first[i].Offset == start + i && first[i].Tag == start + i, $"{how}: {first[i]} at {start + i}");
            }
        }

        using var again = new StorageRig(device.Crash(99), Small);
        Assert.Equal(start, again.Log.LogStartOffset);
        Assert.Equal(first, StorageRig.ReadAll(again.Log, start, ReadIsolation.Uncommitted));
        Assert.Equal(AppendStatus.Appended, again.Log.Append(TestBatches.Build(1, end), AppendOrigin.Client).Status);
        Assert.Equal(end + 1, again.Log.LogEndOffset);
    }

    private sealed class Trace
    {
        public long Acknowledged { get; set; }

        public long End { get; private set; }

        public long LogStartIs { get; set; }

        public long LogStartMayBe { get; set; }

        public void Attempted(long offset, int count) => End = Math.Max(End, offset + count);
    }
}
