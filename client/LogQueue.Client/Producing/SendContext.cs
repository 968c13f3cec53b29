using LogQueue.Client.Errors;
using LogQueue.Protocol;
using LogQueue.Records;

namespace LogQueue.Client.Producing;

/// <summary>What all parts of one producer share. Thread-safe.</summary>
internal sealed class SendContext
{
    /// <summary>How long an unfilled batch waits behind requests in flight when the linger is adaptive.</summary>
    private static readonly TimeSpan AdaptiveWait = TimeSpan.FromMilliseconds(5);

    public SendContext(ProducerOptions options, ClientOptions clientOptions)
    {
        Options = options;
        ClientOptions = clientOptions;
        Time = clientOptions.TimeProvider;
        Budget = new MemoryBudget(options.BufferMemoryBytes);
        BuilderOptions = new RecordBatchBuilderOptions { Compression = options.Compression, MaxBatchBytes = options.BatchBytes };
        LingerTicks = Ticks(options.Linger > TimeSpan.Zero ? options.Linger : AdaptiveWait);
    }

    public ProducerOptions Options { get; }

    public ClientOptions ClientOptions { get; }

    public TimeProvider Time { get; }

    public MemoryBudget Budget { get; }

    public RecordBatchBuilderOptions BuilderOptions { get; }

    public ProducerCounters Statistics { get; } = new();

    /// <summary>How old an unfilled batch gets at most before it may go, in timestamp units.</summary>
    public long LingerTicks { get; }

    /// <summary>Whether an unfilled batch leaves at once when nothing is in flight.</summary>
    public bool IsAdaptive => Options.Linger == TimeSpan.Zero;

    public long Ticks(TimeSpan span) => (long)(span.TotalSeconds * Time.TimestampFrequency);

    public bool IsExpired(ProducerBatch batch) => Time.GetElapsedTime(batch.CreatedTimestamp) >= Options.DeliveryTimeout;

    /// <summary>Completes a batch for good and gives back what it held.</summary>
    public void Finish(ProducerBatch batch, BatchOutcome outcome)
    {
        if (outcome.Error is ErrorCode.None or ErrorCode.DuplicateSequenceNumber)
        {
            long payload = batch.PlainBytes;
            if (batch.TrySucceed(outcome.BaseOffset, outcome.AppendTimestampMs))
            {
                Statistics.Acknowledged(batch.RecordCount, payload);
            }
        }
        else if (batch.TryFail(outcome.Failure ?? KafkaErrors.Of(outcome.Error, $"Sending to {Name(batch)}")))
        {
            Statistics.Failed(batch.RecordCount);
        }

        batch.Dispose();
        Budget.Release(batch.BudgetBytes);
    }

    public KafkaException TimedOut(ProducerBatch batch) => new(
        ErrorCode.RequestTimedOut,
        $"{batch.RecordCount} records for {Name(batch)} were not acknowledged within {Options.DeliveryTimeout.TotalSeconds:0.#} s "
        + $"({batch.Attempts} attempts). Check the broker, or raise DeliveryTimeout."
        + (batch.Queue.LastFailure is { } last ? $" The last failure: {last.Message}" : ""),
        batch.Queue.LastFailure?.Broker,
        batch.Queue.LastFailure);

    private static string Name(ProducerBatch batch) => $"{batch.Partition.Topic}-{batch.Partition.Partition}";
}
