using LogQueue.Records;
using LogQueue.Storage.Files;
using LogQueue.Storage.Segments;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Segments;

public sealed class BatchHeaderScannerTests
{
    [Fact]
    public void It_meets_every_batch_and_has_the_whole_of_control_batches()
    {
        byte[][] batches =
        [
            TestBatches.Build(3, 0), TestBatches.Build(1, 3, valueBytes: 9000), TestBatches.Marker(5, 0, commit: true), TestBatches.Build(2, 4),
            TestBatches.Build(1, 6, valueBytes: 3990), TestBatches.Marker(5, 0, commit: false),
        ];
        using IStorageFile file = Write([.. batches.SelectMany(static b => b)]);
        using var scanner = new BatchHeaderScanner(file, 0, file.Length);
        long position = 0;
        foreach (byte[] batch in batches)
        {
            Assert.True(scanner.MoveNext());
            Assert.Equal(position, scanner.Position);
            bool isControl = new RecordBatchView(batch).IsControl;
            Assert.Equal(batch[..RecordBatchLayout.HeaderBytes], scanner.Current[..RecordBatchLayout.HeaderBytes]);
            Assert.True(!isControl || scanner.Current[..batch.Length].SequenceEqual(batch));
            position += batch.Length;
        }

        Assert.False(scanner.MoveNext());
    }

    [Fact]
    public void It_stops_where_no_batch_can_be()
    {
        byte[] good = TestBatches.Build(1, 0);
        byte[] torn = [.. good, .. good[..^1]];
        using IStorageFile file = Write([.. torn, .. new byte[100]]);
        using var inside = new BatchHeaderScanner(file, 0, torn.Length);
        Assert.True(inside.MoveNext());
        Assert.False(inside.MoveNext());
        using var zeros = new BatchHeaderScanner(file, torn.Length, file.Length);
        Assert.False(zeros.MoveNext());
    }

    private static IStorageFile Write(byte[] bytes)
    {
        IStorageFile file = new SimulatedStorageDevice("/data").Open("/data/log", StorageOpenMode.CreateNew);
        file.Write(0, bytes);
        return file;
    }
}
