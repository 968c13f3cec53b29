using LogQueue.Client;
using LogQueue.Protocol;

namespace LogQueue.Streams.Runtime;

/// <summary>Sends results with the client's producer. Thread-safe.</summary>
internal sealed class ProducerOutput(Producer producer) : IStreamOutput
{
    public async ValueTask SendAsync(string topic, byte[] key, byte[] value, long timestampMs) => await producer.EnqueueAsync(
        new OutgoingRecord(topic, key, value) { Timestamp = DateTimeOffset.FromUnixTimeMilliseconds(timestampMs) }).ConfigureAwait(false);

    /// <summary>Waits until every result is stored.</summary>
    /// <exception cref="KafkaException">One could not be: the positions must not be committed, or it would be lost.</exception>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        await producer.FlushAsync(cancellationToken).ConfigureAwait(false);
        if (producer.Statistics.RecordsFailed is > 0 and long failed)
        {
            throw new KafkaException(ErrorCode.UnknownServerError,
                $"{failed} results could not be written: the application stops before it commits past them.");
        }
    }
}
