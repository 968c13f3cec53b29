using CsCheck;
using LogQueue.Engine.Inspection;
using LogQueue.Records;
using LogQueue.TestKit.Kafka;

namespace LogQueue.Engine.Tests.Engine.Inspection;

public sealed class LogInspectorTests
{
    private static CancellationToken Timeout => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(KafkaDirectory.Whole)]
    [InlineData(KafkaDirectory.Partitions)]
    public async Task A_directory_of_Kafka_is_sound(string archive)
    {
        using KafkaDirectory kafka = KafkaDirectory.Extract(archive);
        IReadOnlyList<string> partitions = LogInspector.FindPartitions(kafka.DataDirectory);
        var progress = new InspectionProgress();
        IReadOnlyList<PartitionInspection> found = await LogInspector.VerifyAsync(partitions, progress, cancellationToken: Timeout);
        Assert.Equal(partitions.Select(Path.GetFileName), found.Select(static p => p.Name));
        Assert.Empty(found.SelectMany(static p => p.Problems));
        Assert.True(found.Sum(static p => p.RecordCount) > 500);
        Assert.Equal(progress.TotalBytes, progress.ReadBytes);
    }

    [Fact]
    public async Task A_directory_of_ours_is_sound_closed_and_open()
    {
        using WrittenPartition written = await WrittenPartition.CreateAsync();
        PartitionInspection closed = LogInspector.Verify(written.Path, cancellationToken: Timeout);
        Assert.Empty(closed.Problems);
        Assert.True(closed.SegmentCount > 2, "the test needs sealed segments");
        Assert.Equal((0L, written.NextOffset), (closed.LogStartOffset, closed.NextOffset));

        await using LogEngine engine = await LogEngine.OpenAsync(new LogEngineOptions { DataDirectory = written.DataDirectory }, Timeout);
        Assert.True(engine.TryGetTopic("readings", out LogQueue.Engine.Topics.Topic? topic));
        await topic.Partitions[0].AppendAsync(null, new byte[10], cancellationToken: Timeout);
        PartitionInspection open = LogInspector.Verify(written.Path, cancellationToken: Timeout);
        Assert.Empty(open.Problems);
        Assert.Equal(closed.RecordCount + 1, open.RecordCount);
    }

    [Fact]
    public async Task Any_flipped_bit_of_a_sealed_segment_or_of_a_file_beside_it_is_found()
    {
        using WrittenPartition written = await WrittenPartition.CreateAsync();
        string sealedBase = Path.GetFileNameWithoutExtension(written.Files("*.seal")[1]);
        string[] files = [.. written.Files(sealedBase + ".*"), Path.Combine(written.Path, "partition.metadata")];
        Assert.Equal(7, files.Length);
        foreach (string file in files)
        {
            byte[] bytes = await File.ReadAllBytesAsync(file, Timeout);
            int[] places = bytes.Length <= 64 ? [.. Enumerable.Range(0, bytes.Length)] : [0, 3, 7, 12, bytes.Length / 2, bytes.Length - 1];
            foreach (int place in places)
            {
                byte[] flipped = [.. bytes];
                flipped[place] ^= 0x10;
                await File.WriteAllBytesAsync(file, flipped, Timeout);
                IReadOnlyList<InspectionProblem> problems = LogInspector.Verify(written.Path, cancellationToken: Timeout).Problems;
                bool harmless = file.EndsWith("partition.metadata", StringComparison.Ordinal) && problems.Count == 0; // another id, or a key nobody reads
                Assert.True(harmless || problems.Any(p => Path.GetFileNameWithoutExtension(p.Path) == Path.GetFileNameWithoutExtension(file)), $"{file} byte {place}");
            }

            await File.WriteAllBytesAsync(file, bytes, Timeout);
        }
    }

    [Fact]
    public async Task Flips_anywhere_in_a_log_are_found_with_the_offsets_they_touch()
    {
        using WrittenPartition written = await WrittenPartition.CreateAsync(rounds: 30);
        string segment = written.Files("*.log")[0];
        byte[] bytes = await File.ReadAllBytesAsync(segment, Timeout);
        BatchInspection[] batches = [.. LogInspector.Batches(segment)];
        // Without a seal nothing says what the very last batch's offset should be.
        Gen.Int[0, (int)batches[^1].Position - 1].Sample(
            place =>
            {
                BatchInspection hit = batches.Single(b => place >= b.Position && place < b.Position + b.SizeBytes);
                byte[] flipped = [.. bytes];
                flipped[place] ^= 0x01;
                File.WriteAllBytes(segment, flipped);
                IReadOnlyList<InspectionProblem> found = LogInspector.Verify(written.Path).Problems;
                if (place - hit.Position is >= 12 and < 16)
                {
                    Assert.Contains(found, static p => p.Path.EndsWith("leader-epoch-checkpoint", StringComparison.Ordinal));
                    return;
                }

                Assert.Contains(found, p => p.IsInLog && p.FromOffset <= hit.LastOffset && (p.ToOffset < 0 || p.ToOffset > hit.BaseOffset));
            },
            iter: 60, threads: 1);
    }

    [Fact]
    public async Task A_flipped_base_offset_is_found_at_its_batch()
    {
        using WrittenPartition written = await WrittenPartition.CreateAsync(rounds: 10);
        string segment = written.Files("*.log")[0];
        byte[] bytes = await File.ReadAllBytesAsync(segment, Timeout);
        BatchInspection[] batches = [.. LogInspector.Batches(segment)];
        foreach (int batch in (int[])[0, 1, 7, batches.Length - 2])
        {
            for (int place = 0; place < 8; place++)
            {
                byte[] flipped = [.. bytes];
                flipped[batches[batch].Position + place] ^= 0x40;
                await File.WriteAllBytesAsync(segment, flipped, Timeout);
                InspectionProblem[] found = [.. LogInspector.Verify(written.Path, cancellationToken: Timeout).Problems.Where(static p => p.IsInLog)];
                Assert.Contains(found, p => p.Position == batches[batch].Position && p.FromOffset <= batches[batch].BaseOffset);
            }
        }
    }

    [Fact]
    public async Task Behind_a_damaged_length_the_next_whole_batch_is_found()
    {
        using WrittenPartition written = await WrittenPartition.CreateAsync(rounds: 30);
        string segment = written.Files("*.log")[0];
        File.Delete(Path.ChangeExtension(segment, ".seal"));
        BatchInspection[] batches = [.. LogInspector.Batches(segment)];
        BatchInspection hit = batches[5];
        byte[] bytes = await File.ReadAllBytesAsync(segment, Timeout);
        bytes[hit.Position + 9] ^= 0x7f;
        await File.WriteAllBytesAsync(segment, bytes, Timeout);

        InspectionProblem problem = Assert.Single(LogInspector.Verify(written.Path, cancellationToken: Timeout).Problems, static p => p.IsInLog);
        Assert.Equal((segment, hit.Position, hit.BaseOffset, hit.LastOffset + 1), (problem.Path, problem.Position, problem.FromOffset, problem.ToOffset));
        List<InspectionProblem> told = [];
        long read = LogInspector.Records(written.Path, new RecordQuery { OnDamage = told.Add }).LongCount();
        Assert.Equal(written.RecordCount - hit.RecordCount, read);
        Assert.Single(told);
        Assert.Throws<CorruptRecordException>(() => LogInspector.Records(written.Path).Count());
    }

    [Fact]
    public async Task A_lost_tail_that_was_durable_is_damage()
    {
        using WrittenPartition written = await WrittenPartition.CreateAsync(rounds: 5);
        string active = written.Files("*.log")[^1];
        BatchInspection last = LogInspector.Batches(active).Last();
        using (FileStream file = File.OpenWrite(active))
        {
            file.SetLength(last.Position);
        }

        InspectionProblem problem = Assert.Single(LogInspector.Verify(written.Path, cancellationToken: Timeout).Problems, static p => p.IsInLog);
        Assert.Equal((last.BaseOffset, written.NextOffset), (problem.FromOffset, problem.ToOffset));
    }

    [Fact]
    public async Task An_aborted_transaction_without_its_index_entry_is_found()
    {
        using WrittenPartition written = await WrittenPartition.CreateAsync();
        string index = written.Files("*.txnindex")[0];
        byte[] bytes = await File.ReadAllBytesAsync(index, Timeout);
        await File.WriteAllBytesAsync(index, bytes[34..], Timeout);
        InspectionProblem problem = Assert.Single(LogInspector.Verify(written.Path, cancellationToken: Timeout).Problems);
        Assert.Equal((index, false), (problem.Path, problem.IsInLog));
        Assert.Contains("producer 9", problem.What, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Records_read_as_Kafka_reads_them(bool committed)
    {
        using KafkaDirectory whole = KafkaDirectory.Extract(KafkaDirectory.Whole);
        foreach ((string topic, int partition) in ((string, int)[])[("plain", 0), ("txn", 0), ("open", 0), ("compacted", 0), ("grown", 2)])
        {
            Assert.Equal(whole.Expected(topic, partition, committed), CommittedReads.OfFiles(whole.DataDirectory, topic, partition, committed));
        }

        using KafkaDirectory partitions = KafkaDirectory.Extract(KafkaDirectory.Partitions);
        Assert.Equal(partitions.Expected("orders-txn", 0, committed), CommittedReads.OfFiles(partitions.DataDirectory, "orders-txn", 0, committed));
        await Task.CompletedTask;
    }

    [Fact]
    public async Task A_range_of_records_is_what_lies_in_it()
    {
        using WrittenPartition written = await WrittenPartition.CreateAsync();
        long[] all = [.. LogInspector.Records(written.Path).Select(static r => r.Record.Offset)];
        Assert.Equal(written.RecordCount, all.Length);
        Gen.Select(Gen.Long[0, written.NextOffset + 10], Gen.Long[0, written.NextOffset + 10]).Sample(
            (from, to) => Assert.Equal(
                all.Where(o => o >= from && o < to),
                LogInspector.Records(written.Path, new RecordQuery { FromOffset = from, ToOffset = to }).Select(static r => r.Record.Offset)),
            iter: 20, threads: 1);
    }

    [Fact]
    public async Task Statistics_are_those_of_the_records()
    {
        using WrittenPartition written = await WrittenPartition.CreateAsync();
        PartitionStatistics found = (await LogInspector.MeasureAsync([written.Path], cancellationToken: Timeout))[0];
        RecordInspection[] records = [.. LogInspector.Records(written.Path)];
        BatchInspection[] batches = [.. LogInspector.Batches(written.Path)];
        Assert.Equal((written.RecordCount, 150L, (long)batches.Length), (found.RecordCount, found.ControlCount, found.BatchCount));
        Assert.Equal(batches.Sum(static b => (long)b.SizeBytes), found.Bytes);
        Assert.Equal(found.Bytes, found.Codecs.Sum(static c => c.StoredBytes));
        Assert.Equal((records.Min(static r => r.Record.TimestampMs), records.Max(static r => r.Record.TimestampMs)), (found.FirstTimestampMs, found.LastTimestampMs));
        Assert.Equal(7, found.DistinctKeys);
        Assert.Equal(5, found.Codecs.Count);
        Assert.Equal(1, found.Codecs[0].Ratio);
        Assert.Equal((batches.Min(static b => b.SizeBytes), batches.Max(static b => b.SizeBytes)), (found.LeastBatchBytes, found.MostBatchBytes));
        Assert.Empty(found.Problems);
    }
}
