namespace LogQueue.Client;

/// <summary>Sends records in batches. Thread-safe: one producer serves a whole process.</summary>
public sealed class Producer : IAsyncDisposable
{
    internal Producer()
    {
    }

    /// <summary>What it did so far.</summary>
    public ProducerStatistics Statistics => throw new NotSupportedException();

    /// <summary>
    /// Sends one record; the task completes when it is acknowledged, with its offset. The call itself returns as soon as the record is
    /// copied into its batch; when <see cref="ProducerOptions.BufferMemoryBytes"/> are in use it waits for space first.
    /// Records of one caller to one partition keep their order. The ValueTask need not be awaited: <see cref="FlushAsync"/> waits for all.
    /// </summary>
    /// <exception cref="KafkaException">It was not stored within <see cref="ProducerOptions.DeliveryTimeout"/>, or never can be.</exception>
    public ValueTask<RecordMetadata> SendAsync(OutgoingRecord record, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>Sends what is waiting now and returns when all that was sent before the call is acknowledged or has failed.</summary>
    public Task FlushAsync(CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>Flushes within <see cref="ClientOptions.CloseTimeout"/>; what is unacknowledged then fails.</summary>
    public ValueTask DisposeAsync() => throw new NotSupportedException();
}
