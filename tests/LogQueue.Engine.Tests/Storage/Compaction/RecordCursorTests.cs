using LogQueue.Records;
using LogQueue.Storage.Compaction;
using LogQueue.TestKit.Storage;
using LogQueue.Wire.Memory;

namespace LogQueue.Engine.Tests.Storage.Compaction;

public sealed class RecordCursorTests
{
    /// <summary>Length 10 | attributes | timestamp +3 | offset +0 | key "k" | value "vw" | no headers.</summary>
    private const string Good = "12" + "00" + "06" + "00" + "02" + "6B" + "04" + "7677" + "00";

    [Fact]
    public void It_says_what_the_record_is_and_keeps_its_bytes()
    {
        byte[] batch = Batch(Good + "0C" + "07" + "06" + "02" + "01" + "01" + "00", 2); // the second has neither key nor value
        using var buffer = new PooledBufferWriter();
        RecordCursor records = RecordCursor.Open(new RecordBatchView(batch), buffer);
        Assert.True(records.MoveNext());
        Assert.Equal((5L, 3L, (byte)0, true, true), (records.Offset, records.TimestampDelta, records.Attributes, records.HasKey, records.HasValue));
        Assert.Equal("k"u8.ToArray(), records.Key.ToArray());
        Assert.Equal(Convert.FromHexString(Good), records.Whole.ToArray());
        Assert.Equal(Convert.FromHexString(Good[6..]), records.AfterTimestamp.ToArray());
        Assert.True(records.MoveNext());
        Assert.Equal((6L, (byte)7, false, false), (records.Offset, records.Attributes, records.HasKey, records.HasValue));
        Assert.True(records.Key.IsEmpty);
        Assert.False(records.MoveNext());
    }

    [Theory]
    [InlineData("", "an impossible length")] // announced, but not there
    [InlineData("FFFFFFFFFF7F", "an impossible length")] // no varint
    [InlineData("00", "an impossible length")]
    [InlineData("01", "an impossible length")] // -1
    [InlineData("14" + "00" + "06" + "00" + "02" + "6B" + "04" + "7677" + "00", "an impossible length")] // one byte more than there is
    [InlineData("02" + "00", "a bad timestamp")]
    [InlineData("18" + "00" + "FFFFFFFFFFFFFFFFFFFF7F", "a bad timestamp")]
    [InlineData("04" + "00" + "06", "a bad offset or key")] // no offset
    [InlineData("06" + "00" + "06" + "01", "a bad offset or key")] // offset -1
    [InlineData("06" + "00" + "06" + "00", "a bad offset or key")] // no key length
    [InlineData("08" + "00" + "06" + "00" + "03", "a bad offset or key")] // key of -2 bytes
    [InlineData("0A" + "00" + "06" + "00" + "04" + "6B", "a bad offset or key")] // key longer than the record
    [InlineData("0A" + "00" + "06" + "00" + "02" + "6B", "a bad value")] // no value length
    [InlineData("0C" + "00" + "06" + "00" + "02" + "6B" + "03", "a bad value")] // value of -2 bytes
    [InlineData("0E" + "00" + "06" + "00" + "02" + "6B" + "04" + "76", "a bad value")] // value longer than the record
    public void A_broken_record_is_named_with_its_batch(string record, string what)
    {
        byte[] batch = Batch(Good + record, 2);
        using var buffer = new PooledBufferWriter();
        string message = Assert.Throws<CorruptRecordException>(() =>
        {
            RecordCursor records = RecordCursor.Open(new RecordBatchView(batch), buffer);
            Assert.True(records.MoveNext());
            records.MoveNext();
        }).Message;
        Assert.Equal($"Record 1 of 2 of the batch at offset 5: {what}.", message);
    }

    [Fact]
    public void Bytes_after_the_last_record_are_refused()
    {
        byte[] batch = Batch(Good + "00", 1);
        using var buffer = new PooledBufferWriter();
        Assert.Contains("Record 1 of 1 of the batch at offset 5: bytes after the last record", Assert.Throws<CorruptRecordException>(() =>
        {
            RecordCursor records = RecordCursor.Open(new RecordBatchView(batch), buffer);
            Assert.True(records.MoveNext());
            records.MoveNext();
        }).Message, StringComparison.Ordinal);
    }

    private static byte[] Batch(string records, int count)
    {
        byte[] batch = [.. TestBatches.Build(1, 0).AsSpan(0, RecordBatchLayout.HeaderBytes), .. Convert.FromHexString(records)];
        RecordBatchStamp.Stamp(batch, 5, 0);
        batch[RecordBatchLayout.RecordCountPosition + 3] = (byte)count;
        return batch;
    }
}
