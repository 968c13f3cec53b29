namespace LogQueue.Client.Producing;

/// <summary>The running totals of a producer. Thread-safe.</summary>
internal sealed class ProducerCounters
{
    private long _acknowledged;
    private long _failed;
    private long _batchesSent;
    private long _batchesRetried;
    private long _payloadBytes;
    private long _sentBytes;

    public void Acknowledged(int records, long payloadBytes)
    {
        Interlocked.Add(ref _acknowledged, records);
        Interlocked.Add(ref _payloadBytes, payloadBytes);
    }

    public void Failed(int records) => Interlocked.Add(ref _failed, records);

    public void Sent(int bytes, bool isRetry)
    {
        Interlocked.Increment(ref _batchesSent);
        Interlocked.Add(ref _sentBytes, bytes);
        if (isRetry)
        {
            Interlocked.Increment(ref _batchesRetried);
        }
    }

    public ProducerStatistics Read(long bufferedBytes, int inFlightRequests) => new(
        Interlocked.Read(ref _acknowledged),
        Interlocked.Read(ref _failed),
        Interlocked.Read(ref _batchesSent),
        Interlocked.Read(ref _batchesRetried),
        Interlocked.Read(ref _payloadBytes),
        Interlocked.Read(ref _sentBytes),
        bufferedBytes,
        inFlightRequests);
}
