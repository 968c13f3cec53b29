using CsCheck;
using LogQueue.Storage;
using LogQueue.Storage.Indexes;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Indexes;

public sealed class TransactionIndexTests
{
    private const string Path = "/data/0.txnindex";
    private readonly SimulatedStorageDevice _device = new("/data");

    [Fact]
    public void It_answers_as_a_list_does() =>
        Gen.Select(Gen.Int[1, 5], Gen.Int[0, 200], Gen.Int[0, 20], static (p, first, length) => new AbortedEntry(p, first, first + length, first)).List[0, 30].Sample(entries =>
        {
            var device = new SimulatedStorageDevice("/data");
            var index = new TransactionIndex(device, Path);
            List<AbortedEntry> model = [];
            foreach (AbortedEntry entry in entries)
            {
                index.Append(entry);
                if (!model.Exists(e => e.LastOffset == entry.LastOffset)) // one marker ends one transaction
                {
                    model.Add(entry);
                }
            }

            Compare(index, model);
            index.Save(sync: true);
            var again = new TransactionIndex(device.Crash(0), Path);
            again.Load();
            Compare(again, model);
            again.TruncateToOffset(100);
            Compare(again, [.. model.Where(static e => e.LastOffset < 100)]);
        }, iter: 200);

    /// <summary>Crash seed 2688445: a snapshot past a cut marker was saved, and the file went on to tell of the marker.</summary>
    [Fact]
    public void It_is_dirty_until_its_file_says_the_same_durably_also_when_that_is_nothing()
    {
        var index = new TransactionIndex(_device, Path);
        Assert.False(index.IsDirty);
        index.Append(new AbortedEntry(1, 2, 3, 4));
        index.Save(sync: false);
        Assert.True(index.IsDirty);
        index.Save(sync: true);
        Assert.False(index.IsDirty);

        index.TruncateToOffset(4); // nothing
        Assert.False(index.IsDirty);
        index.TruncateToOffset(3);
        Assert.True(index.IsDirty);
        index.Save(sync: false);
        Assert.True(index.IsDirty);
        Assert.Contains(Enumerable.Range(0, 20), seed => _device.Crash(seed).FileExists(Path)); // removed, and not durably
        index.Save(sync: true);
        Assert.False(index.IsDirty);
        Assert.DoesNotContain(Enumerable.Range(0, 20), seed => _device.Crash(seed).FileExists(Path));
    }

    [Fact]
    public void A_file_that_was_loaded_may_not_be_durable_yet()
    {
        var index = new TransactionIndex(_device, Path);
        index.Append(new AbortedEntry(1, 2, 3, 4));
        index.Save(sync: true);
        var again = new TransactionIndex(_device, Path);
        again.Load();
        Assert.True(again.IsDirty);
    }

    [Fact]
    public void With_nothing_to_say_there_is_no_file()
    {
        var index = new TransactionIndex(_device, Path);
        index.Save(sync: true);
        Assert.False(_device.FileExists(Path));
        index.Append(new AbortedEntry(1, 2, 3, 4));
        index.Save(sync: false);
        Assert.Equal(TransactionIndex.EntryBytes, _device.FileLength(Path));
        index.TruncateToOffset(0);
        index.Save(sync: false);
        Assert.False(_device.FileExists(Path));
    }

    [Theory]
    [InlineData(0, 7)] // the version
    [InlineData(2, 7)] // a negative producer
    [InlineData(10, 6)] // a first offset past the last
    public void Reading_stops_at_what_cannot_be_right(int damagedByte, int bit)
    {
        var index = new TransactionIndex(_device, Path);
        index.Append(new AbortedEntry(1, 2, 3, 4));
        index.Append(new AbortedEntry(1, 5, 6, 7));
        index.Save(sync: true);
        _device.FlipBit(Path, ((TransactionIndex.EntryBytes + damagedByte) * 8) + bit);
        index.Load();
        Assert.Equal(1, index.Count);
        index.Append(new AbortedEntry(1, 5, 6, 7));
        Assert.Equal(2, index.Count);
    }

    private static void Compare(TransactionIndex index, List<AbortedEntry> model)
    {
        Assert.Equal(model.Count, index.Count);
        for (int from = 0; from < 220; from += 13)
        {
            List<AbortedTransaction> found = [];
            index.Collect(from, from + 30, found);
            Assert.Equal(
                model.Where(e => e.LastOffset >= from && e.FirstOffset < from + 30).Select(static e => new AbortedTransaction(e.ProducerId, e.FirstOffset)).OrderBy(static t => (t.FirstOffset, t.ProducerId)),
                found.OrderBy(static t => (t.FirstOffset, t.ProducerId)));
        }
    }
}
