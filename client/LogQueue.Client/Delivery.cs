using LogQueue.Client.Producing;

namespace LogQueue.Client;

/// <summary>A record that is buffered and on its way. Costs nothing when it is not looked at.</summary>
public readonly struct Delivery
{
    private readonly ProducerBatch? _batch;
    private readonly short _index;

    internal Delivery(ProducerBatch batch, short index) => (_batch, _index) = (batch, index);

    /// <summary>Whether it is acknowledged, or has failed.</summary>
    public bool IsCompleted => _batch is null || _batch.IsDone;

    /// <summary>Completes when it is acknowledged, with its offset; throws <see cref="KafkaException"/> when it failed.</summary>
    public ValueTask<RecordMetadata> Acknowledged => _batch is null ? default : new ValueTask<RecordMetadata>(_batch, _index);
}
