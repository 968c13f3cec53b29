using System.Text;
using LogQueue.Records;
using LogQueue.Storage;
using LogQueue.Storage.Compaction;
using LogQueue.Storage.Partitions;

namespace LogQueue.TestKit.Storage;

/// <summary>One record of a compacted log, as a test sees it.</summary>
internal readonly record struct KeyedRecord(long Offset, string Key, string? Value, long TimestampMs);

/// <summary>Builds, cleans and reads compacted logs.</summary>
internal static class CompactionRig
{
    public static readonly LogOptions Small = new()
    {
        SegmentBytes = 1000,
        IndexIntervalBytes = 150,
        PreallocateFirstBytes = 256,
        PreallocateStepBytes = 1024,
        RetentionMs = -1,
        Compacted = true,
        DeleteOld = false,
        DeleteRetentionMs = 1000,
    };

    /// <summary>A batch of keys and values; a null value is a tombstone. Each record has a header.</summary>
    public static byte[] Batch(
        IReadOnlyList<(string Key, string? Value)> records, long timestampMs = TestBatches.StartMs, CompressionType compression = CompressionType.None,
        long producerId = -1, int sequence = -1, bool transactional = false)
    {
        using var builder = new RecordBatchBuilder(new RecordBatchBuilderOptions
        {
            Compression = compression,
            ProducerId = producerId,
            ProducerEpoch = (short)(producerId < 0 ? -1 : 0),
            BaseSequence = sequence,
            IsTransactional = transactional,
        });
        RecordHeader[] headers = [new("h", "kept"u8.ToArray())];
        for (int i = 0; i < records.Count; i++)
        {
            ReadOnlyMemory<byte>? value = records[i].Value is { } text ? Encoding.UTF8.GetBytes(text) : (ReadOnlyMemory<byte>?)null;
            builder.TryAppend(timestampMs + i, Encoding.UTF8.GetBytes(records[i].Key), value, headers);
        }

        return builder.Build().ToArray();
    }

    /// <summary>Appends a batch or fails; returns its base offset.</summary>
    public static long Append(PartitionLog log, byte[] batch)
    {
        AppendResult result = log.Append(batch, AppendOrigin.Internal);
        return result.Status == AppendStatus.Appended ? result.BaseOffset : throw new InvalidOperationException($"{result.Status}: {result.Detail}");
    }

    /// <summary>Starts a new segment and seals the old one.</summary>
    public static void RollAndSeal(PartitionLog log)
    {
        log.Roll();
        log.Commit();
    }

    /// <summary>Cleans everything that is cleanable now, with a table of so many keys.</summary>
    public static CleanResult Clean(PartitionLog log, int mostKeys = 1000, int seed = 1) => log.Clean(
        new KeyOffsetMap((mostKeys + 2) * (long)KeyOffsetMap.EntryBytes), new CleanThrottle(double.PositiveInfinity, TimeProvider.System), new Random(seed),
        CancellationToken.None);

    /// <summary>All records that a reader sees, aborted ones left out when it reads committed ones.</summary>
    public static List<KeyedRecord> Read(PartitionLog log, ReadIsolation isolation = ReadIsolation.Committed, int maxBytes = 700)
    {
        List<KeyedRecord> seen = [];
        foreach ((byte[] batch, bool isAborted) in Batches(log, isolation, maxBytes))
        {
            if (new RecordBatchView(batch).IsControl || isAborted)
            {
                continue;
            }

            using RecordBatchReader reader = RecordBatchReader.Open(batch);
            while (reader.TryRead(out LogQueue.Records.Record record))
            {
                if (record.Headers is not [{ Key: "h" }])
                {
                    throw new InvalidOperationException($"The headers of the record at {record.Offset} changed.");
                }

                seen.Add(new KeyedRecord(record.Offset, Encoding.UTF8.GetString(record.Key!.Value.Span),
                    record.Value is { } value ? Encoding.UTF8.GetString(value.Span) : null, record.TimestampMs));
            }
        }

        return seen;
    }

    /// <summary>The last record of each key, by key.</summary>
    public static SortedDictionary<string, KeyedRecord> LastOf(IEnumerable<KeyedRecord> records)
    {
        SortedDictionary<string, KeyedRecord> last = new(StringComparer.Ordinal);
        foreach (KeyedRecord record in records)
        {
            last[record.Key] = record;
        }

        return last;
    }

    /// <summary>All batches from the log start on, each with whether its transaction was aborted.</summary>
    public static IEnumerable<(byte[] Batch, bool IsAborted)> Batches(PartitionLog log, ReadIsolation isolation = ReadIsolation.LogEnd, int maxBytes = 700)
    {
        long from = log.LogStartOffset;
        while (true)
        {
            ReadResult result = log.Read(from, maxBytes, isolation, atLeastOneBatch: true);
            if (result.Status != ReadStatus.Ok)
            {
                throw new InvalidOperationException($"Read at {from}: {result.Status}");
            }

            if (result.Records.IsEmpty)
            {
                yield break;
            }

            byte[] bytes = new byte[result.Records.LengthBytes];
            result.Records.CopyTo(bytes);
            result.Records.Dispose();
            long before = from;
            HashSet<long> aborted = [];
            var pending = new Queue<AbortedTransaction>(result.AbortedTransactions.OrderBy(static a => a.FirstOffset));
            for (int at = 0; at < bytes.Length;)
            {
                _ = RecordBatchView.TryReadSize(bytes.AsSpan(at), out int size);
                byte[] batch = bytes.AsSpan(at, size).ToArray();
                from = Check(batch, from);
                while (pending.Count > 0 && pending.Peek().FirstOffset < from)
                {
                    aborted.Add(pending.Dequeue().ProducerId);
                }

                yield return (batch, IsAborted(batch, aborted));
                at += size;
            }

            if (from <= before)
            {
                throw new InvalidOperationException($"A read at {before} made no progress.");
            }
        }
    }

    private static long Check(byte[] batch, long from)
    {
        var view = new RecordBatchView(batch);
        return !view.IsChecksumValid ? throw new InvalidOperationException($"A wrong checksum at {view.BaseOffset}.")
            : view.NextOffset <= from ? throw new InvalidOperationException($"The batch at {view.BaseOffset} ends below {from}.")
            : view.NextOffset;
    }

    private static bool IsAborted(byte[] batch, HashSet<long> aborted)
    {
        var view = new RecordBatchView(batch);
        if (view.IsControl)
        {
            aborted.Remove(view.ProducerId);
        }

        return view.IsTransactional && !view.IsControl && aborted.Contains(view.ProducerId);
    }
}
