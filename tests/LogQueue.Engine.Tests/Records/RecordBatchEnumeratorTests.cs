using System.Buffers.Binary;
using LogQueue.Records;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Records;

public sealed class RecordBatchEnumeratorTests
{
    private static readonly byte[] One = TestBatches.Build(2, 0);
    private static readonly byte[] Two = TestBatches.Build(1, 2, valueBytes: 90);

    [Fact]
    public void It_walks_whole_batches_and_says_where_they_end()
    {
        var batches = new RecordBatchEnumerator([.. One, .. Two]);
        Assert.True(batches.MoveNext());
        Assert.Equal((0, 2), (batches.CurrentPosition, batches.Current.RecordCount));
        Assert.True(batches.MoveNext());
        Assert.Equal((One.Length, 1), (batches.CurrentPosition, batches.Current.RecordCount));
        Assert.False(batches.MoveNext());
        Assert.Equal(One.Length + Two.Length, batches.ConsumedBytes);
    }

    [Fact]
    public void It_stops_before_a_batch_that_is_cut_at_any_byte()
    {
        for (int length = 0; length < Two.Length; length++)
        {
            AssertStopsAfterOne(Two[..length]);
        }
    }

    [Theory]
    [InlineData(16, 1)] // an older format
    [InlineData(8, -1)] // a negative length
    [InlineData(11, 48)] // shorter than a header
    public void It_stops_before_bytes_that_are_no_batch(int at, int value)
    {
        byte[] wrong = [.. Two];
        if (at == 11)
        {
            BinaryPrimitives.WriteInt32BigEndian(wrong.AsSpan(8), value);
        }
        else
        {
            wrong[at] = unchecked((byte)value);
        }

        AssertStopsAfterOne(wrong);
    }

    private static void AssertStopsAfterOne(byte[] rest)
    {
        var batches = new RecordBatchEnumerator([.. One, .. rest]);
        Assert.True(batches.MoveNext());
        Assert.False(batches.MoveNext());
        Assert.Equal(One.Length, batches.ConsumedBytes);
    }
}
