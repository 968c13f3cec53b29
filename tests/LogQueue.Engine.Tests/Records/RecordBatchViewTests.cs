using LogQueue.Records;

namespace LogQueue.Engine.Tests.Records;

public sealed class RecordBatchViewTests
{
    [Fact]
    public void What_is_shorter_than_a_header_is_no_batch()
    {
        ArgumentException e = Assert.Throws<ArgumentException>(() => new RecordBatchView(new byte[60]).BaseOffset);
        Assert.Contains("at least 61 bytes, these are 60", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-1, -1)]
    [InlineData(0, 2)]
    [InlineData(int.MaxValue - 2, int.MaxValue)]
    [InlineData(int.MaxValue - 1, 0)]
    [InlineData(int.MaxValue, 1)]
    public void The_last_sequence_wraps_to_zero_and_is_none_without_a_first(int baseSequence, int expected)
    {
        using var builder = new RecordBatchBuilder(new RecordBatchBuilderOptions
        {
            ProducerId = baseSequence < 0 ? -1 : 7,
            ProducerEpoch = (short)(baseSequence < 0 ? -1 : 0),
            BaseSequence = baseSequence,
        });
        for (int i = 0; i < 3; i++)
        {
            builder.TryAppend(i, "k"u8, "v"u8);
        }

        Assert.Equal(expected, new RecordBatchView(builder.Build().Span).LastSequence);
    }
}
