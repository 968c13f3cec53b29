using LogQueue.Storage.Files;
using LogQueue.Storage.Partitions;

namespace LogQueue.Storage.Journal;

/// <summary>
/// Brings what the commit journal made durable into the segment files, before any log is opened. Running it twice gives the same files.
/// </summary>
/// <remarks>
/// A frame is left out when its segment is gone (retention, or a deleted topic), sealed, or older than the partition's checkpoint: then the
/// file was synced itself, and may have been rewritten since. A journal in which good frames follow bytes that are none goes to
/// <c>lost+found</c> after its good frames were used: that is damage, not a torn tail. Stateless.
/// </remarks>
internal static class JournalReplay
{
    /// <summary>Replays and removes the journal. Throws <see cref="StorageException"/>.</summary>
    internal static JournalReplayReport Run(IStorageDevice device, string dataDirectory)
    {
        long restored = 0;
        List<JournalFrame> frames = [];
        bool isDamaged = false;
        bool any = false;
        for (int i = 0; i < 2; i++)
        {
            if (device.ReadWhole(CommitJournal.PathOf(dataDirectory, i)) is { } bytes)
            {
                any = true;
                isDamaged |= Collect(bytes, frames);
            }
        }

        if (!any)
        {
            return new JournalReplayReport(0, false);
        }

        frames.Sort(static (a, b) => a.Sequence.CompareTo(b.Sequence));
        foreach (IGrouping<(string Name, long Base), JournalFrame> segment in
            frames.GroupBy(static frame => (frame.DirectoryName, frame.SegmentBaseOffset)))
        {
            if (IsWanted(device, dataDirectory, segment.Key.Name, segment.Key.Base))
            {
                string directory = Path.Combine(dataDirectory, segment.Key.Name);
                restored += Apply(device, SegmentFileName.PathOf(directory, segment.Key.Base, SegmentFileName.Log), segment);
            }
        }

        Remove(device, dataDirectory, isDamaged);
        return new JournalReplayReport(restored, isDamaged);
    }

    /// <summary>Collects the good frames of a file; true when some of them follow bytes that are none.</summary>
    private static bool Collect(byte[] file, List<JournalFrame> frames)
    {
        long generation = JournalFile.ReadGeneration(file);
        bool isBroken = false;
        bool isDamaged = false;
        for (int at = JournalFile.PageBytes; generation > 0 && at < file.Length;)
        {
            if (JournalFrame.TryRead(file.AsMemory(at), generation, out JournalFrame frame, out int size))
            {
                frames.Add(frame);
                isDamaged |= isBroken;
                at += size;
                continue;
            }

            isBroken |= at % JournalFile.PageBytes == 0;
            at = (at / JournalFile.PageBytes + 1) * JournalFile.PageBytes;
        }

        return isDamaged;
    }

    private static bool IsWanted(IStorageDevice device, string dataDirectory, string name, long segmentBase)
    {
        string directory = Path.Combine(dataDirectory, name);
        return name.AsSpan().IndexOfAny('/', '\\', '\0') < 0 && name is not ("." or "..")
            && device.FileExists(SegmentFileName.PathOf(directory, segmentBase, SegmentFileName.Log))
            && !device.FileExists(SegmentFileName.PathOf(directory, segmentBase, SegmentFileName.Seal))
            && !(RecoveryCheckpoint.TryLoad(device, directory)?.SegmentBaseOffset > segmentBase);
    }

    private static int Apply(IStorageDevice device, string path, IEnumerable<JournalFrame> frames)
    {
        using IStorageFile file = device.Open(path, StorageOpenMode.ReadWrite);
        int written = 0;
        foreach (JournalFrame frame in frames.Skip(PlantedBugs.IsOn(PlantedBug.JournalSkipFrame) ? 1 : 0))
        {
            byte[] present = new byte[frame.Payload.Length];
            if (file.Read(frame.Position, present) < present.Length || !frame.Payload.Span.SequenceEqual(present))
            {
                file.Write(frame.Position, frame.Payload.Span);
                written += frame.Payload.Length;
            }
        }

        file.DataSync(); // also what is equal already: that may be the page cache's word only
        return written;
    }

    private static void Remove(IStorageDevice device, string dataDirectory, bool keep)
    {
        string lost = Path.Combine(dataDirectory, LostAndFound.Name);
        if (keep && !device.DirectoryExists(lost))
        {
            device.CreateDirectory(lost);
        }

        for (int i = 0; i < 2; i++)
        {
            string path = CommitJournal.PathOf(dataDirectory, i);
            if (keep && device.FileExists(path))
            {
                device.Rename(path, LostAndFound.FreeName(device, Path.Combine(lost, Path.GetFileName(path))));
            }

            device.DeleteIfExists(path);
        }

        if (keep)
        {
            device.SyncDirectory(lost);
        }

        device.SyncDirectory(dataDirectory);
    }
}
