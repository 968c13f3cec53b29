using LogQueue.Records;
using LogQueue.Storage.Files;
using LogQueue.Storage.Segments;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Segments;

/// <summary>Log files of stamped batches, without a log around them.</summary>
internal static class LogFileRig
{
    public const string Path = "/data/log";

    /// <summary>Batches one after the other, each of so many records, stamped with the offsets that follow and a leader epoch.</summary>
    public static byte[][] Batches(int[] counts, long baseOffset = 0, int epoch = 3, int valueBytes = 16)
    {
        byte[][] batches = new byte[counts.Length][];
        for (int i = 0; i < counts.Length; i++)
        {
            batches[i] = TestBatches.Build(counts[i], baseOffset, valueBytes: valueBytes);
            RecordBatchStamp.Stamp(batches[i], baseOffset, epoch);
            baseOffset += counts[i];
        }

        return batches;
    }

    /// <summary>A disk with an empty partition directory.</summary>
    public static SimulatedStorageDevice NewDevice()
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        device.CreateDirectory(StorageRig.Directory);
        return device;
    }

    /// <summary>A segment that holds these batches, indexed and published, not sealed.</summary>
    public static LogSegment Segment(IStorageDevice device, long baseOffset, params byte[][] batches)
    {
        var segment = LogSegment.Create(device, StorageRig.Directory, baseOffset, new LeaseBudget(4), new LeaseBudget(4), 0);
        foreach (byte[] batch in batches)
        {
            long position = segment.SizeBytes;
            segment.Write(batch, 1024, 1024, 1 << 20);
            segment.Index(new RecordBatchView(batch), position, 100);
            segment.Publish(new RecordBatchView(batch).NextOffset, position + batch.Length);
        }

        return segment;
    }

    /// <summary>A file that holds these bytes on a disk of its own.</summary>
    public static IStorageFile Write(params byte[][] parts)
    {
        IStorageFile file = new SimulatedStorageDevice("/data").Open(Path, StorageOpenMode.CreateNew);
        file.Write(0, [.. parts.SelectMany(static p => p)]);
        return file;
    }
}
