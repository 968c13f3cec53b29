using CsCheck;
using LogQueue.Engine.Errors;
using LogQueue.Engine.Partitions;
using LogQueue.Records;
using LogQueue.Storage;
using LogQueue.TestKit.Storage;
using Record = LogQueue.Records.Record;

namespace LogQueue.Engine.Tests.Engine.Partitions;

public sealed class RecordReaderTests : EngineTest
{
    [Fact]
    public async Task It_reads_on_where_it_stands_from_any_offset_and_over_segments()
    {
        await using LogEngine engine = await OpenAsync(Durability.Os);
        Partition partition = await CreateAsync(engine, "t", ("compression.type", "uncompressed"));
        byte[] filler = new byte[20_000];
        for (int i = 0; i < 200; i++)
        {
            partition.Append([new NewRecord(Number(i), filler), new NewRecord(Number(i), Text("second")), new NewRecord(null, null)]);
        }

        Assert.True(partition.SegmentCount > 2);
        foreach (long from in new long[] { 0, 1, 2, 299, 598, 599, 600 })
        {
            using RecordReader reader = partition.CreateReader(from);
            Assert.Equal(from, reader.NextOffset);
            long next = from;
            while (reader.TryRead(out RecordView record))
            {
                Assert.Equal(next++, record.Offset);
                Assert.Equal(record.Offset % 3 == 2, record.IsKeyNull);
                Assert.Equal(next, reader.NextOffset);
            }

            Assert.Equal(600, next);
        }

        using RecordReader end = partition.CreateReader(600);
        Assert.False(end.TryRead(out _));
        partition.Append(Text("k"), Text("v"));
        Assert.True(end.TryRead(out RecordView last));
        Assert.Equal("v", Text(last.Value));
        Assert.Equal(601, end.NextOffset);
    }

    [Fact]
    public async Task Nothing_is_allocated_per_record_appended_or_read()
    {
        const int Records = 20_000;
        await using LogEngine engine = await OpenAsync(Durability.Os);
        Partition partition = await CreateAsync(engine);
        NewRecord[] batch = [.. Enumerable.Range(0, 100).Select(static i =>
            new NewRecord(new byte[] { (byte)i }, new byte[80]) { TimestampMs = 1000 + i, Headers = [new RecordHeader("unit", new byte[] { 1 })] })];
        Fill(partition, batch, Records / 4);
        Walk(partition, 0);
        long appending = long.MaxValue;
        long reading = long.MaxValue;

        // The least of some tries: a collection may empty the buffer pool, and other tests use it, too.
        for (int i = 0; i < 5; i++)
        {
            long start = partition.LogEndOffset;
            long before = GC.GetAllocatedBytesForCurrentThread();
            Fill(partition, batch, Records);
            appending = Math.Min(appending, GC.GetAllocatedBytesForCurrentThread() - before);
            before = GC.GetAllocatedBytesForCurrentThread();
            Assert.Equal(Records, Walk(partition, start));
            reading = Math.Min(reading, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.True(appending < Records, $"{appending} bytes were allocated to append {Records} records");
        Assert.True(reading < Records, $"{reading} bytes were allocated to read {Records} records");
    }

    [Fact]
    public async Task One_record_at_a_time_is_appended_without_an_allocation()
    {
        await using LogEngine engine = await OpenAsync(Durability.Os);
        Partition partition = await CreateAsync(engine);
        ReadOnlyMemory<byte> key = Text("k");
        ReadOnlyMemory<byte> value = new byte[100];
        Loop(500);
        long allocated = long.MaxValue;
        for (int i = 0; i < 5; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            Loop(2000);
            allocated = Math.Min(allocated, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.True(allocated < 2000 * 8, $"{allocated} bytes were allocated for 2,000 appends");

        void Loop(int times)
        {
            for (int i = 0; i < times; i++)
            {
                partition.Append(key, value);
            }
        }
    }

    [Fact]
    public void Committed_readers_see_every_record_but_those_of_aborted_transactions() => Gen.Select(
        Gen.Select(Gen.Int[0, 2], Gen.Int[0, 5], Gen.Int[1, 4]).Array[0, 40], Gen.Int[0, 60]).Sample(
        (steps, from) => ReplayAsync(steps, from).GetAwaiter().GetResult(),
        iter: 60, threads: 1);

    [Fact]
    public async Task What_is_wrong_is_said_with_the_partition_and_the_offset()
    {
        LogEngine engine = await OpenAsync();
        Partition partition = await CreateAsync(engine, "pumps");
        await partition.AppendAsync(null, Text("a"), cancellationToken: Deadline);
        using RecordReader reader = partition.CreateReader(7);

        OffsetOutOfRangeException outOfRange = Assert.Throws<OffsetOutOfRangeException>(() => reader.TryRead(out _));
        Assert.Equal((7, 0, 1), (outOfRange.Offset, outOfRange.LogStartOffset, outOfRange.HighWatermark));
        Assert.Throws<OffsetOutOfRangeException>(() => partition.ReadBatches(7));

        using RecordReader open = partition.CreateReader(0);
        await engine.DisposeAsync();
        Assert.Contains("pumps-0", Assert.Throws<LogOfflineException>(() => open.TryRead(out _)).Message, StringComparison.Ordinal);
        Assert.Throws<LogOfflineException>(() => partition.ReadBatches(0));
        open.Dispose();
        Assert.Throws<ObjectDisposedException>(() => open.TryRead(out _));
    }

    [Fact]
    public async Task Damaged_bytes_are_never_served_and_those_after_them_are()
    {
        await using LogEngine engine = await OpenAsync();
        Partition partition = await CreateAsync(engine, "pumps", ("compression.type", "uncompressed"));
        await partition.AppendAsync(null, Text("first"), cancellationToken: Deadline);
        await partition.AppendAsync(null, Text("harmed"), cancellationToken: Deadline);
        await partition.AppendAsync(null, Text("third"), cancellationToken: Deadline);
        string file = Path.Combine(DataDirectory, "pumps-0", "00000000000000000000.log");
        using (FileStream log = new(file, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            byte[] bytes = new byte[4096];
            int read = log.ReadAtLeast(bytes, 1, throwOnEndOfStream: false);
            log.Position = bytes.AsSpan(0, read).IndexOf("harmed"u8);
            log.WriteByte((byte)'H');
        }

        using RecordReader reader = partition.CreateReader(0);
        Assert.True(reader.TryRead(out RecordView first));
        Assert.Equal("first", Text(first.Value));
        CorruptRecordException corrupt = Assert.Throws<CorruptRecordException>(() => reader.TryRead(out _));
        Assert.Contains("pumps-0", corrupt.Message, StringComparison.Ordinal);
        Assert.Contains("offset 1", corrupt.Message, StringComparison.Ordinal);
        Assert.Throws<CorruptRecordException>(() => partition.ReadBatches(0));
        Assert.Equal(["2:third"], await ReadAllAsync(partition, 2));
    }

    [Fact]
    public async Task Leased_batches_can_be_appended_to_another_partition_as_they_are()
    {
        await using LogEngine engine = await OpenAsync();
        Partition source = await CreateAsync(engine, "source");
        Partition copy = await CreateAsync(engine, "copy");
        for (int i = 0; i < 30; i++)
        {
            await source.AppendAsync([new NewRecord(Number(i), Text($"v{i}")), new NewRecord(null, Text("x"))], Deadline);
        }

        long offset = 0;
        int batches = 0;
        while (true)
        {
            using LeasedBatches lease = source.ReadBatches(offset, 300);
            if (lease.IsEmpty)
            {
                Assert.Equal(offset, lease.NextOffset);
                break;
            }

            Assert.Equal((60, 0), (lease.HighWatermark, lease.LogStartOffset));
            foreach (ReadOnlyMemory<byte> batch in lease)
            {
                byte[] ready = batch.ToArray();
                RecordBatchStamp.Stamp(ready, baseOffset: 0, partitionLeaderEpoch: -1);
                AppendResult result = await copy.AppendAsync(ready, Deadline);
                Assert.Equal(AppendStatus.Appended, result.Status);
                batches++;
            }

            Assert.True(lease.NextOffset > offset);
            offset = lease.NextOffset;
            lease.Dispose();
            Assert.Throws<ObjectDisposedException>(() => lease.Memory);
        }

        Assert.Equal(30, batches);
        Assert.Equal(await ReadAllAsync(source), await ReadAllAsync(copy));
    }

    private static void Fill(Partition partition, NewRecord[] batch, int records)
    {
        for (int i = 0; i < records; i += batch.Length)
        {
            partition.Append(batch);
        }
    }

    private static int Walk(Partition partition, long from)
    {
        int count = 0;
        using RecordReader reader = partition.CreateReader(from);
        while (reader.TryRead(out RecordView record))
        {
            count += record.Headers.Count;
        }

        return count;
    }

    /// <summary>Steps: producer, action (0-3 records in a transaction, 4 commit, 5 abort), count. The model is a list.</summary>
    private async Task ReplayAsync((int Producer, int Action, int Count)[] steps, int from)
    {
        using var directory = new TemporaryDirectory();
        await using LogEngine engine = await LogEngine.OpenAsync(
            new LogEngineOptions { DataDirectory = directory.Path, Durability = Durability.Os }, Deadline);
        Partition partition = await CreateAsync(engine);
        var fates = new List<(long Offset, int Transaction)>();
        var open = new Dictionary<int, int>();
        var sequences = new int[3];
        var aborted = new HashSet<int>();
        int transactions = 0;
        foreach ((int producer, int action, int count) in steps)
        {
            if (action >= 4)
            {
                if (open.Remove(producer, out int ended))
                {
                    Assert.Equal(AppendStatus.Appended, partition.Append(TestBatches.Marker(producer, 0, commit: action == 4), AppendOrigin.Internal).Status);
                    if (action == 5)
                    {
                        aborted.Add(ended);
                    }
                }

                continue;
            }

            if (!open.TryGetValue(producer, out int transaction))
            {
                transaction = ++transactions;
                open[producer] = transaction;
            }

            byte[] batch = TestBatches.Build(count, tag: partition.LogEndOffset, producerId: producer, producerEpoch: 0, baseSequence: sequences[producer], transactional: true);
            AppendResult result = partition.Append(batch);
            Assert.Equal(AppendStatus.Appended, result.Status);
            sequences[producer] += count;
            for (long offset = result.BaseOffset; offset <= result.LastOffset; offset++)
            {
                fates.Add((offset, transaction));
            }
        }

        from = (int)Math.Min(from, partition.LogEndOffset);
        long stable = partition.LastStableOffset;
        List<long> expected = [.. fates.Where(f => f.Offset >= from && f.Offset < stable && !aborted.Contains(f.Transaction)).Select(static f => f.Offset)];
        var seen = new List<long>();
        await foreach (Record record in partition.ReadRecordsAsync(from, isolation: ReadIsolation.Committed, cancellationToken: Deadline))
        {
            seen.Add(record.Offset);
        }

        Assert.Equal(expected, seen);
        using RecordReader all = partition.CreateReader(from);
        int uncommitted = 0;
        while (all.TryRead(out _))
        {
            uncommitted++;
        }

        Assert.Equal(fates.Count(f => f.Offset >= from), uncommitted);
    }
}
