using LogQueue.Storage.Partitions;

namespace LogQueue.Engine.Tests.Storage.Partitions;

public sealed class LogOffsetsTests
{
    [Theory]
    [InlineData(-1, 0, 0, 0)]
    [InlineData(5, 4, 8, 9)]
    [InlineData(1, 7, 6, 9)]
    [InlineData(1, 2, 10, 9)]
    public void Offsets_out_of_order_are_refused_and_nothing_is_published(long logStart, long lastStable, long highWatermark, long logEnd)
    {
        var offsets = new LogOffsets();
        offsets.Set(1, 2, 3, 4);
        InvalidOperationException e = Assert.Throws<InvalidOperationException>(() => offsets.Set(logStart, lastStable, highWatermark, logEnd));
        Assert.Equal($"Offsets out of order: log start {logStart}, last stable {lastStable}, high watermark {highWatermark}, log end {logEnd}.", e.Message);
        Assert.Equal((1L, 2L, 3L, 4L), (offsets.LogStart, offsets.LastStable, offsets.HighWatermark, offsets.LogEnd));
    }
}
