using LogQueue.Storage.Partitions;

namespace LogQueue.Engine.Tests.Storage.Partitions;

public sealed class ProducerEntryTests
{
    private static readonly ProducerBatch[] Batches = [.. Enumerable.Range(0, 7).Select(static i => new ProducerBatch(i, i, 10 + i, 10 + i))];

    [Fact]
    public void The_longer_history_of_the_same_end_is_taken_over()
    {
        ProducerEntry entry = Entry(0, 6..7);
        entry.AdoptHistory(Entry(0, 0..7));
        Assert.Equal(5, entry.BatchCount);
        Assert.True(entry.TryFind(2, 2, out ProducerBatch oldest));
        Assert.Equal(Batches[2], oldest);
        Assert.False(entry.TryFind(1, 1, out _));
        Assert.Equal(6, entry.LastSequence);
    }

    [Fact]
    public void A_history_that_is_not_this_producers_own_is_not_taken_over()
    {
        ProducerEntry ofAnotherEpoch = Entry(1, 6..7);
        ofAnotherEpoch.AdoptHistory(Entry(0, 0..7));
        Assert.Equal(1, ofAnotherEpoch.BatchCount);
        ProducerEntry longer = Entry(0, 4..7);
        longer.AdoptHistory(Entry(0, 5..7));
        Assert.Equal(3, longer.BatchCount);
        ProducerEntry withAnotherEnd = Entry(0, 5..6);
        withAnotherEnd.AdoptHistory(Entry(0, 0..7));
        Assert.Equal(1, withAnotherEnd.BatchCount);
        ProducerEntry ofMarkersOnly = Entry(0, 0..0);
        ofMarkersOnly.AdoptHistory(Entry(0, 0..7));
        Assert.Equal((0, -1), (ofMarkersOnly.BatchCount, ofMarkersOnly.LastSequence));
    }

    private static ProducerEntry Entry(short epoch, Range batches)
    {
        var entry = new ProducerEntry(9) { Epoch = epoch };
        Array.ForEach(Batches[batches], entry.Remember);
        return entry;
    }
}
