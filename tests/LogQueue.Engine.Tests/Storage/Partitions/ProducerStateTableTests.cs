using LogQueue.Records;
using LogQueue.Storage.Indexes;
using LogQueue.Storage.Partitions;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Partitions;

/// <summary>The table alone: markers that are not whole, and batches that no client could send.</summary>
public sealed class ProducerStateTableTests
{
    private const int KeyLength = RecordBatchLayout.HeaderBytes + 4;
    private const int MarkerType = KeyLength + 4;
    private const int ValueLength = MarkerType + 1;

    [Fact]
    public void A_marker_that_is_cut_short_decides_nothing_and_without_its_value_it_does()
    {
        byte[] marker = Marker(commit: false);
        for (int bytes = RecordBatchLayout.HeaderBytes; bytes <= marker.Length; bytes++)
        {
            ProducerStateTable table = WithOpenTransaction();
            AbortedEntry? aborted = Apply(table, marker.AsSpan(0, bytes));
            bool hasKey = bytes >= ValueLength;
            Assert.Equal(hasKey ? new AbortedEntry(7, 10, 20, 21) : null, aborted);
            ProducerEntry entry = Assert.Single(table.Entries);
            Assert.Equal(hasKey ? -1 : 10, entry.TransactionFirstOffset);
            Assert.Equal(bytes >= ValueLength + 7 ? 4 : -1, entry.CoordinatorEpoch);
            Assert.Equal(10, table.FirstUnstableOffset(20));
            Assert.Equal(hasKey ? null : 10L, table.FirstUnstableOffset(21));
        }
    }

    [Theory]
    [InlineData(KeyLength, 6)] // a key of 3 bytes
    [InlineData(MarkerType, 2)] // neither abort nor commit
    public void A_record_that_is_no_marker_decides_nothing(int position, byte value)
    {
        byte[] marker = Marker(commit: true);
        marker[position] = value;
        ProducerStateTable table = WithOpenTransaction();
        Assert.Null(Apply(table, marker));
        Assert.Equal(10, table.FirstUnstableOffset(100));
    }

    [Fact]
    public void A_marker_whose_value_is_too_short_decides_without_an_epoch()
    {
        byte[] marker = Marker(commit: true);
        marker[ValueLength] = 10; // 5 bytes
        ProducerStateTable table = WithOpenTransaction();
        Assert.Null(Apply(table, marker));
        Assert.Null(table.FirstUnstableOffset(100));
        Assert.Equal(-1, Assert.Single(table.Entries).CoordinatorEpoch);
    }

    [Fact]
    public void The_oldest_open_transaction_holds_the_stable_end()
    {
        ProducerStateTable table = WithOpenTransaction();
        Apply(table, Data(producerId: 3, offset: 15));
        Assert.Equal(10, table.FirstUnstableOffset(100));
        Assert.Equal(new AbortedEntry(7, 10, 20, 15), Apply(table, Marker(commit: false)));
        Assert.Equal(15, table.FirstUnstableOffset(100));
    }

    [Fact]
    public void A_transaction_needs_a_producer()
    {
        byte[] batch = TestBatches.Build(1, 0, transactional: true);
        Assert.Equal(SequenceVerdict.InvalidTransaction, new ProducerStateTable().Check(new RecordBatchView(batch), out _));
        Assert.Equal(SequenceVerdict.Accept, new ProducerStateTable().Check(new RecordBatchView(TestBatches.Build(1, 0)), out _));
    }

    private static ProducerStateTable WithOpenTransaction()
    {
        var table = new ProducerStateTable();
        Apply(table, Data(producerId: 7, offset: 10));
        return table;
    }

    private static byte[] Data(long producerId, long offset)
    {
        byte[] batch = TestBatches.Build(2, offset, producerId: producerId, producerEpoch: 0, baseSequence: 0, transactional: true);
        RecordBatchStamp.Stamp(batch, offset, 0);
        return batch;
    }

    private static byte[] Marker(bool commit)
    {
        byte[] marker = TestBatches.Marker(7, 0, commit, coordinatorEpoch: 4);
        RecordBatchStamp.Stamp(marker, 20, 0);
        return marker;
    }

    private static AbortedEntry? Apply(ProducerStateTable table, ReadOnlySpan<byte> batch) => table.Apply(new RecordBatchView(batch), 1);
}
