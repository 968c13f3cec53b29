using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using LogQueue.Client;
using LogQueue.Records;

namespace LogQueue.Cli.Demo;

/// <summary>Sends readings to one topic, keyed by sensor, and remembers where each landed. One caller at a time.</summary>
internal sealed class ReadingSender(Producer producer, string topic)
{
    /// <summary>Header with the clock's timestamp at the send, for latency within this process.</summary>
    public const string SentHeader = "sent";

    private readonly List<(Delivery Delivery, SensorReading Reading, byte[] Value)> _pending = [];

    public SentRecords Sent { get; } = new();

    public async ValueTask SendAsync(SensorReading reading, CancellationToken cancellation)
    {
        byte[] value = JsonSerializer.SerializeToUtf8Bytes(new Reading(Math.Round(reading.Value, 3), reading.Unit),
            ReadingJson.Default.Reading);
        var sent = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(sent, TimeProvider.System.GetTimestamp());
        Delivery delivery = await producer.EnqueueAsync(
            new OutgoingRecord(topic, Encoding.UTF8.GetBytes(reading.Sensor), value) { Timestamp = reading.Time, Headers =
                [new RecordHeader(SentHeader, sent)] }, cancellation);
        _pending.Add((delivery, reading, value));
    }

    /// <summary>Waits for all acknowledgements.</summary>
    public async Task SettleAsync(CancellationToken cancellation)
    {
        await producer.FlushAsync(cancellation);
        foreach ((Delivery delivery, SensorReading reading, byte[] value) in _pending)
        {
            Sent.Add(await delivery.Acknowledged, reading.Sensor, value, reading.Time);
        }

        _pending.Clear();
    }
}
