using LogQueue.Storage;
using LogQueue.Storage.Compaction;
using LogQueue.Storage.Files;
using LogQueue.Storage.Segments;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Compaction;

/// <summary>A pass over a log that changes, is damaged or has no room: it ends, says so, and leaves nothing behind.</summary>
public sealed class CleaningPassTests : IDisposable
{
    private readonly SimulatedStorageDevice _device = new(StorageRig.Root);
    private readonly StorageRig _rig;

    public CleaningPassTests()
    {
        _rig = new StorageRig(_device, CompactionRig.Small with { SegmentBytes = 250 });
        for (int i = 0; i < 3; i++)
        {
            CompactionRig.Append(_rig.Log, CompactionRig.Batch([("a", $"{i}"), ("b", $"{i}"), ($"k{i}", "x"), ("c", $"{i}")], TestBatches.StartMs + (i * 10)));
            CompactionRig.RollAndSeal(_rig.Log);
        }
    }

    public void Dispose() => _rig.Dispose();

    [Fact]
    public void A_segment_that_goes_before_the_map_is_built_ends_the_pass()
    {
        CleanPlan plan = Plan();
        plan.Segments[1].Close();
        Assert.Equal(default, Run(plan, static (_, _) => throw new InvalidOperationException("nothing is swapped")));
        AssertNothingIsLeft();
    }

    [Fact]
    public void A_segment_that_goes_while_others_are_rewritten_ends_the_pass_and_what_was_swapped_counts()
    {
        CleanPlan plan = Plan();
        int swaps = 0;
        CleanResult result = Run(plan, (_, rewriter) =>
        {
            plan.Segments[1].Close();
            rewriter.Discard(); // as if its files had got other names
            return ++swaps == 1;
        });
        Assert.Equal((1, false), (result.Passes, result.IsComplete));
        Assert.Equal(plan.Segments[0].SizeBytes, result.BytesRead);
        Assert.Equal(1, swaps);
        AssertNothingIsLeft();
    }

    [Fact]
    public void A_refused_swap_ends_the_pass_and_takes_the_new_files_away()
    {
        CleanResult result = Run(Plan(), (_, rewriter) =>
        {
            Assert.True(_device.FileExists(rewriter.Cleaned.PathOf(SegmentFileName.Seal)));
            return false;
        });
        Assert.Equal((false, 0L), (result.IsComplete, result.BytesRead));
        AssertNothingIsLeft();
    }

    [Theory]
    [InlineData(0)] // in what is clean already, so that only the rewriting meets it
    [InlineData(1)] // in what the map is built of
    public void Damage_that_no_seal_tells_is_told_with_its_position(int damaged)
    {
        CleanPlan plan = Plan() with { FirstDirtyOffset = 4 };
        _device.Delete(plan.Segments[damaged].PathOf(SegmentFileName.Seal));
        _device.FlipBit(plan.Segments[damaged].Log.Path, 70 * 8);
        CorruptLogException e = Assert.Throws<CorruptLogException>(() => Run(plan, static (_, _) => throw new InvalidOperationException("nothing is swapped")));
        Assert.Equal((plan.Segments[damaged].Log.Path, 0L), (e.Path, e.Position));
        Assert.Contains("whole batches to the end of a sealed segment", e.Message, StringComparison.Ordinal);
        AssertNothingIsLeft();
    }

    [Fact]
    public void Without_room_for_what_it_writes_it_does_not_begin()
    {
        long used = _device.ListFiles(StorageRig.Directory).Sum(name => _device.FileLength(Path.Combine(StorageRig.Directory, name)));
        _device.CapacityBytes = used + 100;
        StorageException e = Assert.Throws<StorageException>(() => CompactionRig.Clean(_rig.Log));
        Assert.Equal((StorageError.NoSpace, "clean", StorageRig.Directory), (e.Error, e.Operation, e.Path));
        Assert.Contains("it is tried again later", e.Message, StringComparison.Ordinal);
        Assert.False(_rig.Context.Fence.IsTripped);
        AssertNothingIsLeft();
    }

    [Fact]
    public void What_the_disk_does_not_give_back_as_it_was_written_takes_nobodys_place()
    {
        List<KeyedRecord> before = CompactionRig.Read(_rig.Log);
        bool isFlipped = false;
        _device.Fault = o =>
        {
            if (o.Kind == "syncdir" && !isFlipped
                && _device.ListFiles(StorageRig.Directory).FirstOrDefault(static n => n.EndsWith(".timeindex.cleaned", StringComparison.Ordinal)) is { } name)
            {
                isFlipped = true;
                _device.FlipBit(Path.Combine(StorageRig.Directory, name), 5);
            }

            return null;
        };
        CorruptLogException e = Assert.Throws<CorruptLogException>(() => CompactionRig.Clean(_rig.Log));
        Assert.Contains("the segment as it was just written", e.Message, StringComparison.Ordinal);
        Assert.Equal(before, CompactionRig.Read(_rig.Log));
        AssertNothingIsLeft();
    }

    [Fact]
    public void Megabytes_are_written_in_several_steps()
    {
        using var rig = new StorageRig(options: CompactionRig.Small with { SegmentBytes = 8 << 20, MaxMessageBytes = 2 << 20 });
        string value = new('x', 900_000);
        for (int i = 0; i < 4; i++)
        {
            CompactionRig.Append(rig.Log, CompactionRig.Batch([($"k{i}", value), ("a", $"{i}")]));
        }

        CompactionRig.RollAndSeal(rig.Log);
        CleanResult result = CompactionRig.Clean(rig.Log);
        Assert.Equal((3L, true), (result.RecordsRemoved, result.IsComplete));
        Assert.Equal(["k0", "k1", "k2", "k3", "a"], CompactionRig.Read(rig.Log, maxBytes: 4 << 20).Select(static r => r.Key));
    }

    private CleanPlan Plan() => _rig.Log.PlanCleaning(_rig.Time.GetUtcNow())!;

    private CleanResult Run(CleanPlan plan, Func<LogSegment[], SegmentRewriter, bool> swap)
    {
        Assert.Equal(3, plan.GroupsBelow(long.MaxValue, _rig.Log.Options).Count);
        var pass = new CleaningPass(plan, _rig.Log.Options, _device, new KeyOffsetMap(10_000), new CleanThrottle(double.MaxValue, TimeProvider.System),
            TestBatches.StartMs);
        return pass.Run(_rig.Context.FileBudget, _rig.Context.MapBudget, swap, 1, CancellationToken.None);
    }

    private void AssertNothingIsLeft() =>
        Assert.DoesNotContain(_device.ListFiles(StorageRig.Directory), static n => n.Contains("cleaned", StringComparison.Ordinal));
}
