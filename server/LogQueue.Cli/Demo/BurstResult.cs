namespace LogQueue.Cli.Demo;

/// <summary>Outcome of the burst.</summary>
/// <param name="Sent">Records sent.</param>
/// <param name="Bytes">Bytes of their keys and values.</param>
/// <param name="Received">Records received.</param>
/// <param name="Failed">Records that were not stored.</param>
/// <param name="MostLag">Greatest number of records sent and not yet received.</param>
/// <param name="Acknowledged">From the first send to the last acknowledgement.</param>
/// <param name="Took">From the first send to the last record received.</param>
internal readonly record struct BurstResult(long Sent, long Bytes, long Received, long Failed, long MostLag, TimeSpan Acknowledged,
    TimeSpan Took);
