using LogQueue.Records;

namespace LogQueue.Storage.Compaction;

/// <summary>
/// Where the last sequence of each live producer stands in the log: its batch keeps at least its header, or a restart would forget the
/// sequence and take a retry for new. Immutable; a snapshot at the start of a pass.
/// </summary>
internal sealed class ActiveProducers(IReadOnlyDictionary<long, (long LastDataOffset, short Epoch)> producers)
{
    /// <summary>A log without producers.</summary>
    public static ActiveProducers None { get; } = new(new Dictionary<long, (long, short)>());

    /// <summary>True when the batch is the last known of its producer: its last data, or, without any, a marker of its epoch.</summary>
    public bool NeedsHeader(in RecordBatchView batch) =>
        batch.ProducerId >= 0 && producers.TryGetValue(batch.ProducerId, out (long LastDataOffset, short Epoch) last)
        && (last.LastDataOffset >= 0 ? batch.LastOffset == last.LastDataOffset : batch.IsControl && batch.ProducerEpoch == last.Epoch);
}
