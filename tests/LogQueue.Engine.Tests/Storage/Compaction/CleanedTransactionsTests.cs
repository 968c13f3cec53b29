using LogQueue.Records;
using LogQueue.Storage.Compaction;
using LogQueue.Storage.Indexes;
using LogQueue.TestKit.Storage;
using LogQueue.Wire.Memory;

namespace LogQueue.Engine.Tests.Storage.Compaction;

public sealed class CleanedTransactionsTests
{
    private const long Producer = 7;

    private static readonly AbortedEntry Aborted = new(Producer, 0, 5, 0);

    [Fact]
    public void Data_before_the_abort_marker_are_aborted_and_the_marker_stays_for_them()
    {
        var transactions = new CleanedTransactions([Aborted]);
        Assert.True(transactions.IsAborted(View(Data(0))));
        Assert.False(transactions.IsAborted(View(Data(1, transactional: false))));
        Assert.False(IsDone(transactions, Marker(5, 0), out AbortedEntry? still));
        Assert.Equal(Aborted, still);
        Assert.True(IsDone(new CleanedTransactions([Aborted]), Marker(5, 0), out still)); // all of its data are gone
        Assert.Null(still);
    }

    [Fact]
    public void When_the_abort_marker_is_gone_already_later_data_of_the_producer_are_not_aborted()
    {
        var transactions = new CleanedTransactions([Aborted]);
        Assert.True(transactions.IsAborted(View(Data(0))));
        Assert.False(transactions.IsAborted(View(Data(6))));
        Assert.False(IsDone(transactions, Marker(7, 1), out _)); // the commit marker of these data
        Assert.True(IsDone(transactions, Marker(8, 1), out _)); // one without any
    }

    [Fact]
    public void An_abort_marker_that_no_index_knows_stops_the_cleaner_when_it_follows_data()
    {
        Assert.True(IsDone(new CleanedTransactions([]), Marker(3, 0), out AbortedEntry? still));
        Assert.Null(still);
        var transactions = new CleanedTransactions([]);
        Assert.False(transactions.IsAborted(View(Data(2))));
        string message = Assert.Throws<CorruptRecordException>(() => IsDone(transactions, Marker(3, 0), out _)).Message;
        Assert.Equal("The abort marker at offset 3 of producer 7 is in no transaction index.", message);
    }

    [Theory]
    [InlineData(new byte[] { 0, 0, 0, 2 })] // a kind of a later version
    [InlineData(new byte[] { 0, 0 })] // no kind at all
    public void A_marker_of_another_kind_stays(byte[] key)
    {
        var transactions = new CleanedTransactions([]);
        Assert.False(transactions.IsAborted(View(Data(2))));
        Assert.False(IsDone(transactions, Control(3, key), out _));
        Assert.False(IsDone(transactions, Marker(4, 1), out _)); // and ends nothing
    }

    private static bool IsDone(CleanedTransactions transactions, byte[] marker, out AbortedEntry? still)
    {
        using var buffer = new PooledBufferWriter();
        return transactions.IsMarkerDone(View(marker), RecordCursor.Open(View(marker), buffer), out still);
    }

    private static RecordBatchView View(byte[] batch) => new(batch);

    private static byte[] Data(long offset, bool transactional = true)
    {
        byte[] batch = TestBatches.Build(1, offset, producerId: Producer, producerEpoch: 0, baseSequence: 0, transactional: transactional);
        RecordBatchStamp.Stamp(batch, offset, 0);
        return batch;
    }

    private static byte[] Marker(long offset, byte kind) => Control(offset, [0, 0, 0, kind]);

    private static byte[] Control(long offset, byte[] key)
    {
        using var builder = new RecordBatchBuilder(new RecordBatchBuilderOptions
        {
            Compression = CompressionType.None,
            BaseOffset = offset,
            ProducerId = Producer,
            ProducerEpoch = 0,
            IsTransactional = true,
            IsControl = true,
        });
        builder.TryAppend(1, key, new byte[6]);
        return builder.Build().ToArray();
    }
}
