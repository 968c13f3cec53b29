namespace LogQueue.Engine.Inspection;

/// <summary>What a check of one partition found.</summary>
/// <param name="Name">Name of its directory.</param>
/// <param name="SegmentCount">Its segments.</param>
/// <param name="Bytes">Bytes of whole batches.</param>
/// <param name="BatchCount">Batches.</param>
/// <param name="RecordCount">Records, by the batches' headers.</param>
/// <param name="LogStartOffset">Offset of the first batch.</param>
/// <param name="NextOffset">First offset after the last batch.</param>
/// <param name="Problems">What is wrong; empty when nothing is.</param>
public sealed record PartitionInspection(
    string Name, int SegmentCount, long Bytes, long BatchCount, long RecordCount, long LogStartOffset, long NextOffset,
        IReadOnlyList<InspectionProblem> Problems);
