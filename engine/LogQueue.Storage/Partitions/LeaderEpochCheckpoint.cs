using System.Globalization;
using System.Text;
using LogQueue.Storage.Files;

namespace LogQueue.Storage.Partitions;

/// <summary>
/// The leader epochs of a log and where each starts, kept in Kafka's text file <c>leader-epoch-checkpoint</c>: version 0, the count, then
/// "epoch startOffset" lines. Lost or damaged, it is rebuilt from the batches. Guarded by its log.
/// </summary>
internal sealed class LeaderEpochCheckpoint
{
    internal const string FileName = "leader-epoch-checkpoint";

    private readonly List<(int Epoch, long StartOffset)> _epochs = [];

    /// <summary>The newest epoch; -1 when there is none.</summary>
    public int Latest => _epochs.Count == 0 ? -1 : _epochs[^1].Epoch;

    public int Count => _epochs.Count;

    /// <summary>Each epoch and where it starts.</summary>
    public IReadOnlyList<(int Epoch, long StartOffset)> Entries => _epochs;

    /// <summary>Notes that an epoch starts at an offset, when it is newer than the newest. True when noted.</summary>
    public bool TryAdd(int epoch, long startOffset)
    {
        if (epoch < 0 || epoch <= Latest)
        {
            return false;
        }

        _epochs.Add((epoch, startOffset));
        return true;
    }

    /// <summary>The epoch that an offset belongs to; -1 when unknown.</summary>
    public int EpochOf(long offset)
    {
        int found = -1;
        foreach ((int epoch, long start) in _epochs)
        {
            if (start <= offset)
            {
                found = epoch;
            }
        }

        return found;
    }

    /// <summary>The largest epoch at or below the one asked for, and the offset after its last record.</summary>
    public EpochEndOffset FindEnd(int epoch, long logEndOffset)
    {
        for (int i = _epochs.Count - 1; i >= 0; i--)
        {
            if (_epochs[i].Epoch <= epoch)
            {
                bool isFuture = i == _epochs.Count - 1 && epoch > _epochs[i].Epoch;
                return isFuture
                    ? new EpochEndOffset(-1, -1)
                    : new EpochEndOffset(_epochs[i].Epoch, i + 1 < _epochs.Count ? _epochs[i + 1].StartOffset : logEndOffset);
            }
        }

        return new EpochEndOffset(-1, -1);
    }

    /// <summary>Drops the epochs that start at or past an offset, but never the first. True when there were some.</summary>
    public bool TruncateTo(long offset)
    {
        int before = _epochs.Count;
        while (_epochs.Count > 1 && _epochs[^1].StartOffset >= offset)
        {
            _epochs.RemoveAt(_epochs.Count - 1);
        }

        return _epochs.Count < before;
    }

    /// <summary>Writes the file; one that a rebuild would make the same need not be synced.</summary>
    public void Save(IStorageDevice device, string directory, bool sync)
    {
        var text = new StringBuilder("0\n").Append(CultureInfo.InvariantCulture, $"{_epochs.Count}\n");
        foreach ((int epoch, long start) in _epochs)
        {
            text.Append(CultureInfo.InvariantCulture, $"{epoch} {start}\n");
        }

        byte[] bytes = Encoding.ASCII.GetBytes(text.ToString());
        string path = Path.Combine(directory, FileName);
        if (sync)
        {
            device.ReplaceDurably(path, bytes);
        }
        else
        {
            device.ReplaceCache(path, bytes);
        }
    }

    /// <summary>Reads the file; null when it is missing or not right.</summary>
    public static LeaderEpochCheckpoint? TryLoad(IStorageDevice device, string directory)
    {
        if (device.ReadWhole(Path.Combine(directory, FileName)) is not { } bytes)
        {
            return null;
        }

        string[] lines = Encoding.ASCII.GetString(bytes).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        if (lines.Length < 2 || lines[0] != "0" || !int.TryParse(lines[1], CultureInfo.InvariantCulture, out int count)
            || count != lines.Length - 2)
        {
            return null;
        }

        var checkpoint = new LeaderEpochCheckpoint();
        foreach (string line in lines[2..])
        {
            string[] parts = line.Split(' ');
            if (parts.Length != 2 || !int.TryParse(parts[0], CultureInfo.InvariantCulture, out int epoch)
                || !long.TryParse(parts[1], CultureInfo.InvariantCulture, out long start) || !checkpoint.TryAdd(epoch, start))
            {
                return null;
            }
        }

        return checkpoint;
    }
}
