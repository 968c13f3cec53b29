using System.Diagnostics;
using LogQueue.Storage.Partitions;

namespace LogQueue.EngineBench.Rigs;

/// <summary>Producers that each append a batch, wait until it is durable, and go on. One use.</summary>
internal sealed class Crowd(Func<int, PartitionLog> logOf, int producers, int batchBytes, double seconds)
{
    private readonly List<double>[] _latencyMicros = [.. Enumerable.Range(0, producers).Select(static _ => new List<double>(4096))];

    /// <summary>Durable batches a second.</summary>
    public double AcksPerSecond { get; private set; }

    /// <summary>Processor time of the process per durable batch, in microseconds.</summary>
    public double CpuMicrosPerAck { get; private set; }

    /// <summary>A quantile of the time from append to durable, in microseconds.</summary>
    public double Quantile(double q)
    {
        double[] all = [.. _latencyMicros.SelectMany(static l => l).Order()];
        return all[Math.Min(all.Length - 1, (int)(q * all.Length))];
    }

    /// <summary>Runs for its time.</summary>
    public void Run()
    {
        byte[] batch = Batches.Build(batchBytes);
        Stopwatches clock = Stopwatches.Start();
        Engines.Wait(Task.WhenAll(Enumerable.Range(0, producers).Select(i => Task.Run(() => ProduceAsync(i, [.. batch], clock)))));
        int acks = _latencyMicros.Sum(static l => l.Count);
        AcksPerSecond = acks / clock.WallSeconds;
        CpuMicrosPerAck = clock.CpuSeconds * 1e6 / acks;
    }

    private async Task ProduceAsync(int producer, byte[] batch, Stopwatches clock)
    {
        PartitionLog log = logOf(producer);
        while (clock.WallSeconds < seconds)
        {
            long started = Stopwatch.GetTimestamp();
            long end = LogRig.Append(log, batch);
            await log.WaitUntilDurableAsync(end, CancellationToken.None).ConfigureAwait(false);
            _latencyMicros[producer].Add(Stopwatch.GetElapsedTime(started).TotalMicroseconds);
        }
    }
}
