using System.Buffers.Binary;
using LogQueue.Records.Checksums;
using LogQueue.Storage.Partitions;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Partitions;

public sealed class ProducerSnapshotTests
{
    [Fact]
    public void Sequences_that_wrapped_within_the_last_batch_come_back()
    {
        var table = new ProducerStateTable();
        var entry = new ProducerEntry(9) { Epoch = 3, LastSeenMs = 77 };
        entry.Remember(new ProducerBatch(int.MaxValue - 1, 2, 100, 104));
        table.Restore(entry);

        ProducerEntry read = Assert.Single(ProducerSnapshot.TryParse(ProducerSnapshot.ToBytes(table))!.Entries);

        Assert.Equal(new ProducerBatch(int.MaxValue - 1, 2, 100, 104), read.LastBatch);
        Assert.True(read.TryFind(int.MaxValue - 1, 2, out _));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(int.MaxValue)]
    public void A_count_that_is_not_that_of_the_entries_is_no_snapshot(int count)
    {
        var table = new ProducerStateTable();
        table.Restore(new ProducerEntry(9));
        byte[] bytes = ProducerSnapshot.ToBytes(table);
        Assert.NotNull(ProducerSnapshot.TryParse(bytes));
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(6), count);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(2), Crc32C.Compute(bytes.AsSpan(6)));
        Assert.Null(ProducerSnapshot.TryParse(bytes));
        Assert.Null(ProducerSnapshot.TryParse(bytes.AsSpan(0, 9)));
    }

    [Fact]
    public void A_missing_file_is_no_snapshot() =>
        Assert.Null(ProducerSnapshot.TryLoad(new SimulatedStorageDevice(StorageRig.Root), "/data/00000000000000000005.snapshot"));
}
