using LogQueue.Records;

namespace LogQueue.Client.Consuming;

/// <summary>One partition being read. Its <see cref="ReadState"/> guards it.</summary>
internal sealed class ReadPartition(TopicPartition id)
{
    public TopicPartition Id => id;

    /// <summary>Chunks in order, the first is yielded next.</summary>
    public List<FetchedChunk> Chunks { get; } = [];

    /// <summary>The chunk in the reader's hands.</summary>
    public FetchedChunk? Current { get; set; }

    /// <summary>Counts seeks: an answer to a fetch from before is dropped.</summary>
    public int SeekCount { get; set; }

    /// <summary>Whether the start is known.</summary>
    public bool HasPosition { get; set; }

    /// <summary>What the next fetch asks for.</summary>
    public long FetchOffset { get; set; } = -1;

    /// <summary>The position outside of <see cref="Current"/>.</summary>
    public long DeliveredOffset { get; set; } = -1;

    /// <summary>What was committed last; -1 nothing.</summary>
    public long CommittedOffset { get; set; } = -1;

    /// <summary>The end as last seen; -1 unknown.</summary>
    public long EndOffset { get; set; } = -1;

    /// <summary>Where this reading ends; -1: never.</summary>
    public long StopOffset { get; set; } = -1;

    public long BufferedBytes { get; set; }

    /// <summary>Bytes that have arrived and are being decoded.</summary>
    public long ArrivedBytes { get; set; }

    public bool IsPaused { get; set; }

    /// <summary>It is about to go to another member: nothing more of it is fetched or yielded.</summary>
    public bool IsLeaving { get; set; }

    /// <summary>A fetch failed in a way that a look at the cluster may cure.</summary>
    public bool IsTroubled { get; set; }

    /// <summary>The position was out of range: start over by the options, not by the committed offset.</summary>
    public bool IsReset { get; set; }

    /// <summary>Failed fetches in a row.</summary>
    public int FailureCount { get; set; }

    /// <summary>Whether it stands in the queue of partitions with chunks.</summary>
    public bool IsReady { get; set; }

    /// <summary>The offset of the next record to yield; -1 while unknown.</summary>
    public long Position => Current is { Position: >= 0 } current ? current.Position : DeliveredOffset;

    /// <summary>Whether everything up to the stop was yielded and asked past.</summary>
    public bool IsFinished => StopOffset >= 0 && HasPosition && Current is null && DeliveredOffset >= StopOffset;

    /// <summary>
    /// Takes the chunk out of the reader's hands and notes how far it came: <paramref name="nextIndex"/> is the first record not yielded.
    /// What is left of it comes first again.
    /// </summary>
    public void TakeBack(FetchedChunk chunk, int nextIndex, bool isAskedPast)
    {
        Current = null;
        if (isAskedPast && nextIndex > 0)
        {
            DeliveredOffset = chunk.Records[nextIndex - 1].Offset + 1;
        }
        else if (chunk.Position >= 0)
        {
            DeliveredOffset = chunk.Position;
        }

        if (isAskedPast && nextIndex >= chunk.Count)
        {
            DeliveredOffset = chunk.NextOffset;
            return;
        }

        chunk.Start = nextIndex;
        chunk.MustStop = false;
        Chunks.Insert(0, chunk);
        BufferedBytes += chunk.SizeBytes;
    }
}
