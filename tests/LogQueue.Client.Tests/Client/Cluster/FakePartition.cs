using LogQueue.Records;

namespace LogQueue.Client.Tests.Client.Cluster;

/// <summary>One partition of the fake cluster. Its cluster's lock guards it.</summary>
internal sealed class FakePartition
{
    private readonly Dictionary<long, (short Epoch, int Next)> _producers = [];

    public List<byte[]> Batches { get; } = [];

    /// <summary>Who leads; -1 nobody.</summary>
    public int Leader { get; set; }

    /// <summary>Who the metadata says leads; the truth when null.</summary>
    public int? AnnouncedLeader { get; set; }

    public int Epoch { get; set; }

    public long Start { get; set; }

    public long End { get; private set; }

    /// <summary>Appends as a broker does: the sequence must follow, or the epoch be new and start at 0. Answers the offset, or -1 refused.</summary>
    public long Append(ReadOnlyMemory<byte> bytes)
    {
        byte[] batch = bytes.ToArray();
        var view = new RecordBatchView(batch);
        if (view.ProducerId >= 0)
        {
            (short epoch, int next) = _producers.GetValueOrDefault(view.ProducerId, (view.ProducerEpoch, view.BaseSequence));
            if (view.ProducerEpoch == epoch ? view.BaseSequence != next : view.ProducerEpoch < epoch || view.BaseSequence != 0)
            {
                return -1;
            }

            _producers[view.ProducerId] = (view.ProducerEpoch, view.BaseSequence + view.RecordCount);
        }

        RecordBatchStamp.Stamp(batch, End, Epoch);
        Batches.Add(batch);
        long first = End;
        End += view.RecordCount;
        return first;
    }

    /// <summary>The batches from the offset on.</summary>
    public byte[] Read(long offset) =>
        [.. Batches.Where(b => new RecordBatchView(b).NextOffset > offset).Take(3).SelectMany(static b => b)];
}
