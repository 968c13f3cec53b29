namespace LogQueue.Client;

/// <summary>What a producer did so far: a snapshot, consistent enough for a display.</summary>
/// <param name="RecordsAcknowledged">Records stored.</param>
/// <param name="RecordsFailed">Records given up.</param>
/// <param name="BatchesSent">Batches sent, retries included.</param>
/// <param name="BatchesRetried">Batches that had to be sent again.</param>
/// <param name="PayloadBytes">Bytes of the acknowledged batches before compression.</param>
/// <param name="SentBytes">Bytes of the batches as sent, retries included.</param>
/// <param name="BufferedBytes">Bytes waiting or in flight now.</param>
/// <param name="InFlightRequests">Unanswered requests now.</param>
public readonly record struct ProducerStatistics(
    long RecordsAcknowledged,
    long RecordsFailed,
    long BatchesSent,
    long BatchesRetried,
    long PayloadBytes,
    long SentBytes,
    long BufferedBytes,
    int InFlightRequests);
