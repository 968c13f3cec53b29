using System.Buffers.Binary;

namespace LogQueue.Engine.Inspection;

/// <summary>
/// Checks the indexes beside a segment: entries in order, each pointing at a batch. A missing index is no fault, it is rebuilt.
/// Thread-safe.
/// </summary>
internal static class IndexInspector
{
    private const int OffsetEntryBytes = 8;
    private const int TimeEntryBytes = 12;

    public static void Check(string segmentPath, long baseOffset, HashSet<int> batchPositions, List<InspectionProblem> problems)
    {
        string offsetIndex = Path.ChangeExtension(segmentPath, ".index");
        string timeIndex = Path.ChangeExtension(segmentPath, ".timeindex");
        if (File.Exists(offsetIndex))
        {
            CheckOffsets(offsetIndex, batchPositions, problems);
        }

        if (File.Exists(timeIndex))
        {
            CheckTimes(timeIndex, baseOffset, problems);
        }
    }

    private static void CheckOffsets(string path, HashSet<int> batchPositions, List<InspectionProblem> problems)
    {
        byte[] bytes = Read(path);
        int lastOffset = -1;
        for (int at = 0; at + OffsetEntryBytes <= bytes.Length; at += OffsetEntryBytes)
        {
            int offset = BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at));
            int position = BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at + 4));
            if (IsUnused(bytes, at))
            {
                return;
            }

            if (offset <= lastOffset || !batchPositions.Contains(position))
            {
                problems.Add(new InspectionProblem(path, at,
                    $"entry (offset +{offset}, position {position}) is out of order or points at no batch"));
                return;
            }

            lastOffset = offset;
        }
    }

    private static void CheckTimes(string path, long baseOffset, List<InspectionProblem> problems)
    {
        byte[] bytes = Read(path);
        long lastTime = long.MinValue;
        for (int at = 0; at + TimeEntryBytes <= bytes.Length; at += TimeEntryBytes)
        {
            long time = BinaryPrimitives.ReadInt64BigEndian(bytes.AsSpan(at));
            if (IsUnused(bytes, at))
            {
                return;
            }

            if (time < lastTime)
            {
                problems.Add(new InspectionProblem(path, at, $"timestamp {time} after {lastTime} (segment {baseOffset})"));
                return;
            }

            lastTime = time;
        }
    }

    // An active index is preallocated: what follows its last entry is zero. Its first entry may be zero and real.
    private static bool IsUnused(byte[] bytes, int at) => at > 0 && !bytes.AsSpan(at).ContainsAnyExcept((byte)0);

    private static byte[] Read(string path)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }
}
