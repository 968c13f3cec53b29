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

    [Fact]
    public void It_stops_at_another_format_and_where_the_file_ends_before_it_should()
    {
        byte[] old = TestBatches.Build(1, 0);
        old[RecordBatchLayout.MagicPosition] = 1;
        using IStorageFile wrong = Write(old);
        using var magic = new BatchHeaderScanner(wrong, 0, wrong.Length);
        Assert.False(magic.MoveNext());

        byte[] marker = TestBatches.Marker(5, 0, commit: true);
        for (int length = 0; length < marker.Length; length++)
        {
            using IStorageFile cut = Write(marker[..length]);
            using var scanner = new BatchHeaderScanner(cut, 0, marker.Length); // the file became shorter
            Assert.False(scanner.MoveNext());
        }
    }

    [Fact]
    public void A_control_batch_larger_than_its_window_is_there_as_a_whole()
    {
        using var builder = new RecordBatchBuilder(new RecordBatchBuilderOptions { Compression = CompressionType.None, IsControl = true });
        builder.TryAppend(1, "k"u8, new byte[9000]);
        byte[] large = builder.Build().ToArray();
        byte[] before = TestBatches.Build(1, 0);
        using IStorageFile file = Write([.. before, .. large, .. before]);
        using var scanner = new BatchHeaderScanner(file, 0, file.Length);
        Assert.True(scanner.MoveNext());
        Assert.True(scanner.MoveNext());
        Assert.True(scanner.Current[..large.Length].SequenceEqual(large));
        Assert.True(scanner.MoveNext());
        Assert.Equal(before.Length + large.Length, scanner.Position);
    }

    private static IStorageFile Write(byte[] bytes)
    {
        IStorageFile file = new SimulatedStorageDevice("/data").Open("/data/log", StorageOpenMode.CreateNew);
        file.Write(0, bytes);
        return file;
    }
}
