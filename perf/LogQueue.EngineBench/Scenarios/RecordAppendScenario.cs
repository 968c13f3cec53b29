using FASTER.core;
using LogQueue.Engine;
using LogQueue.Engine.Topics;
using LogQueue.EngineBench.Rigs;
using LogQueue.Records;
using LogQueue.Storage;

namespace LogQueue.EngineBench.Scenarios;

/// <summary>
/// G2, G3: single records, encoded into batches and appended, durable at the end, against FasterLog into a file. With 64 MiB of memory
/// FasterLog waits for the disk, as the engine does; with 1 GiB it takes the whole run into memory first.
/// </summary>
internal sealed class RecordAppendScenario(BenchFolder folder, string id, int valueBytes, double? limit, int memoryBits) : Scenario
{
    private const int BatchBytes = 128 << 10;
    private const long RunBytes = 500_000_000;
    private readonly byte[][] _values = Batches.Values(valueBytes);
    private readonly int _records = (int)(RunBytes / valueBytes);

    /// <summary>Runs are short, and what the compiler does in the background counts: it shall be over.</summary>
    public override int WarmUps => 2;

    public override Goal Goal { get; } = new(id, $"records of {valueBytes} B incl. encode, durable at the end", "process CPU ns per record",
        limit is null ? GoalKind.None : GoalKind.RatioAtMost, 1 / (limit ?? 1), "LogEngine, batches of 128 KiB, with CRC",
        $"FasterLog, {1 << (memoryBits - 20)} MiB of memory, one commit at the end, no checksum");

    public override double? RunControl()
    {
        string path = folder.Fresh("faster");
        Directory.CreateDirectory(path);
        double figure;
        Stopwatches clock = Stopwatches.Start();
        using (IDevice device = Devices.CreateLogDevice(Path.Combine(path, "log")))
        using (var log = new FasterLog(new FasterLogSettings { LogDevice = device, MemorySizeBits = memoryBits, PageSizeBits = 22 }))
        {
            for (int i = 0; i < _records; i++)
            {
                log.Enqueue(_values[i % _values.Length]);
            }

            // Not Commit(spinWait: true): its spinning would count as work.
            log.CommitAsync().AsTask().GetAwaiter().GetResult();
            figure = clock.CpuSeconds * 1e9 / _records;
            Note("control_wall_MBps", RunBytes / 1e6 / clock.WallSeconds);
        }

        BenchFolder.Remove(path);
        return figure;
    }

    public override double RunSubject()
    {
        string path = folder.Fresh("engine");
        LogEngine engine = Engines.Open(path);
        Topic topic = Engines.Create(engine, "bench", 1);
        var partition = topic.Partitions[0];
        using var builder = new RecordBatchBuilder(new RecordBatchBuilderOptions
        {
            Compression = CompressionType.None, MaxBatchBytes = BatchBytes,
        });
        Stopwatches clock = Stopwatches.Start();
        for (int done = 0; done < _records;)
        {
            done += Fill(builder, done);
            AppendResult result = partition.Append(builder.Build());
            builder.Reset();
            if (result.Status != AppendStatus.Appended)
            {
                throw new InvalidOperationException($"The append was refused: {result.Status} {result.Detail}");
            }
        }

        Engines.Wait(partition.WaitUntilDurableAsync(partition.LogEndOffset));
        double figure = clock.CpuSeconds * 1e9 / _records;
        Note("subject_wall_MBps", RunBytes / 1e6 / clock.WallSeconds);
        Engines.Close(engine);
        BenchFolder.Remove(path);
        return figure;
    }

    private int Fill(RecordBatchBuilder builder, int from)
    {
        int i = from;
        while (i < _records && builder.TryAppend(Batches.NowMs, [], _values[i % _values.Length].AsSpan()))
        {
            i++;
        }

        return i - from;
    }
}
