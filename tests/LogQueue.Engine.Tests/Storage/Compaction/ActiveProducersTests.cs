using LogQueue.Records;
using LogQueue.Storage.Compaction;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Compaction;

public sealed class ActiveProducersTests
{
    private static readonly ActiveProducers Producers = new(new Dictionary<long, (long, short)> { [7] = (11, 2), [8] = (-1, 2) });

    [Theory]
    [InlineData(7, 2, 10, true)] // offsets 10 and 11: its last data
    [InlineData(7, 2, 9, false)]
    [InlineData(9, 2, 10, false)] // nobody that is alive
    [InlineData(-1, -1, 10, false)]
    [InlineData(8, 2, 10, false)] // of a producer without data no data batch can be the last
    public void The_batch_with_the_last_data_of_a_live_producer_is_needed(long producer, short epoch, long baseOffset, bool needed)
    {
        byte[] batch = TestBatches.Build(2, 0, producerId: producer, producerEpoch: epoch, baseSequence: producer < 0 ? -1 : 0);
        RecordBatchStamp.Stamp(batch, baseOffset, 0);
        Assert.Equal(needed, Producers.NeedsHeader(new RecordBatchView(batch)));
        Assert.False(ActiveProducers.None.NeedsHeader(new RecordBatchView(batch)));
    }

    [Theory]
    [InlineData(8, 2, true)]
    [InlineData(8, 1, false)]
    [InlineData(7, 2, false)] // it has data, which say more
    public void Without_data_a_marker_of_its_epoch_is_needed(long producer, short epoch, bool needed) =>
        Assert.Equal(needed, Producers.NeedsHeader(new RecordBatchView(TestBatches.Marker(producer, epoch, commit: false))));
}
