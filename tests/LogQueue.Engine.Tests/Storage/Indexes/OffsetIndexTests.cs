using CsCheck;
using LogQueue.Storage;
using LogQueue.Storage.Files;
using LogQueue.Storage.Indexes;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Indexes;

public sealed class OffsetIndexTests
{
    private const string Path = "/data/00000000000000001000.index";

    private readonly SimulatedStorageDevice _device = new("/data");
    private readonly LeaseBudget _maps = new(2);

    [Fact]
    public void The_bytes_are_Kafkas()
    {
        using OffsetIndex index = Open();
        index.Append(1049, 0x3ed6);
        index.Append(1075, 0x6dcd);
        index.Flush(sync: true);
        Assert.Equal(Convert.FromHexString("00000031" + "00003ed6" + "0000004b" + "00006dcd"), _device.Content(Path));
    }

    [Fact]
    public void Finds_what_a_linear_search_finds_in_memory_and_in_the_file()
    {
        Gen.Int[1, 50].List[1, 900].Sample(steps =>
        {
            var device = new SimulatedStorageDevice("/data");
            using var index = new OffsetIndex(device, Path, 1000, new LeaseBudget(2), new LeaseBudget(2));
            var entries = new List<(long Offset, int Position)>();
            foreach (int step in steps)
            {
                (long offset, int position) = entries.Count == 0 ? (1000L, 0) : entries[^1];
                entries.Add((offset + step, position + (step * 7)));
                index.Append(entries[^1].Offset, entries[^1].Position);
            }

            for (int i = 0; i < entries.Count; i += 1 + (entries.Count / 30))
            {
                long offset = entries[i].Offset + (i % 3) - 1;
                Assert.Equal(entries.LastOrDefault(e => e.Offset <= offset).Position, index.FindPosition(offset));
                int position = entries[i].Position + (i % 3) - 1;
                Assert.Equal(entries.LastOrDefault(e => e.Position <= position).Position, index.FindBatchAtOrBelow(position));
            }
        }, iter: 60, threads: 1);
    }

    [Fact]
    public void Is_the_same_after_flush_rest_and_load_and_can_be_cut()
    {
        using (OffsetIndex index = Fill(700))
        {
            index.Flush(sync: true);
            index.Rest();
            Assert.Equal(500 * 10, index.FindPosition(1000 + 500));
        }

        using OffsetIndex loaded = Open();
        Assert.True(loaded.TryLoad(700 * 10 + 1));
        Assert.Equal(700, loaded.Count);
        Assert.Equal(500 * 10, loaded.FindPosition(1000 + 500));
        loaded.TruncateToPosition(300 * 10);
        Assert.Equal(299, loaded.Count);
        loaded.Append(5000, 9000);
        Assert.Equal(9000, loaded.FindPosition(6000));
        loaded.Flush(sync: false);
        Assert.Equal(300 * OffsetIndex.EntryBytes, _device.Content(Path).Length);
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("cut")]
    [InlineData("past the log")]
    [InlineData("zeros")]
    public void What_cannot_be_right_is_not_loaded(string damage)
    {
        using (OffsetIndex index = Fill(10))
        {
            index.Flush(sync: true);
        }

        using (IStorageFile file = _device.Open(Path, StorageOpenMode.ReadWrite))
        {
            switch (damage)
            {
                case "cut":
                    file.Truncate(77);
                    break;
                case "zeros":
                    file.Write(40, new byte[8]);
                    break;
            }
        }

        if (damage == "missing")
        {
            _device.Delete(Path);
        }

        using OffsetIndex loaded = Open();
        Assert.False(loaded.TryLoad(damage == "past the log" ? 100 : 1000));
        Assert.Equal(0, loaded.Count);
        Assert.Equal(0, loaded.FindPosition(long.MaxValue / 2));
    }

    [Fact]
    public void A_full_disk_keeps_entries_in_memory()
    {
        using OffsetIndex index = Open();
        _device.Fault = static o => o.Kind == "write" ? new SimulatedFault(StorageError.NoSpace) : null;
        for (int i = 1; i <= 1000; i++)
        {
            index.Append(1000 + i, i * 10);
        }

        Assert.Equal(9990, index.FindPosition(1999));
        _device.Fault = null;
        index.Flush(sync: true);
        Assert.Equal(1000 * OffsetIndex.EntryBytes, _device.Content(Path).Length);
    }

    [Theory]
    [InlineData(3, 3, 30)] // as the entry before
    [InlineData(3, 2, 35)] // an offset that falls
    [InlineData(3, 5, 30)] // a position that stands still
    [InlineData(3, 5, 20)] // a position that falls
    [InlineData(0, -1, 5)] // an offset before the segment
    [InlineData(0, 0, 0)] // the first batch has no entry
    [InlineData(0, 0, -5)]
    public void Entries_that_do_not_rise_are_not_loaded(int before, int offset, int position)
    {
        using (OffsetIndex index = Fill(before))
        {
            index.Append(1000 + offset, position);
            index.Flush(sync: true);
        }

        using OffsetIndex loaded = Open();
        Assert.False(loaded.TryLoad(1000));
        Assert.Equal((0, 0L), (loaded.Count, loaded.SizeBytes));
        Assert.Empty(_device.Content(Path));
        loaded.Append(1001, 10);
        loaded.Flush(sync: true);
        Assert.True(loaded.TryLoad(1000));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void All_entries_may_be_dropped(bool isFiled)
    {
        using OffsetIndex index = Fill(5);
        if (isFiled)
        {
            index.Flush(sync: false);
        }

        Assert.Equal((1000, 1002), (index.FindOffsetAtOrBelow(9), index.FindOffsetAtOrBelow(29)));
        index.TruncateToPosition(51);
        Assert.Equal(5, index.Count);
        index.TruncateToPosition(10);
        Assert.Equal((0, 0), (index.Count, index.FindPosition(1005)));
        index.TruncateToPosition(0);
    }

    [Fact]
    public void A_closed_index_says_so_instead_of_reading_what_has_its_name_now()
    {
        OffsetIndex index = Fill(5);
        index.Flush(sync: false);
        index.Dispose();
        LogOfflineException e = Assert.Throws<LogOfflineException>(() => index.FindPosition(1002));
        Assert.Contains($"The index '{Path}' is closed", e.Message, StringComparison.Ordinal);
    }

    private OffsetIndex Open() => new(_device, Path, 1000, _maps, _maps);

    private OffsetIndex Fill(int count)
    {
        OffsetIndex index = Open();
        for (int i = 1; i <= count; i++)
        {
            index.Append(1000 + i, i * 10);
        }

        return index;
    }
}
