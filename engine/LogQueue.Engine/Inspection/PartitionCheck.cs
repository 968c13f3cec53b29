using System.Globalization;
using LogQueue.Records;
using LogQueue.Storage.Files;
using LogQueue.Storage.Partitions;

namespace LogQueue.Engine.Inspection;

/// <summary>Checks one partition directory: its segments in order, then the small files beside them. One use, one thread.</summary>
internal sealed class PartitionCheck
{
    private readonly string _directory;
    private readonly IStorageDevice _device = DiskStorageDevice.Create();
    private readonly LeaderEpochCheckpoint? _epochs;
    private long? _first;
    private long _batches;
    private long _records;
    private long _bytes;
    private bool _toldEpoch;

    public PartitionCheck(string directory, InspectionProgress? progress)
    {
        _directory = directory;
        Progress = progress;
        _epochs = LeaderEpochCheckpoint.TryLoad(_device, directory);
    }

    public InspectionProgress? Progress { get; }

    public List<InspectionProblem> Problems { get; } = [];

    public TransactionCheck Transactions { get; } = new();

    /// <summary>The offset after the last batch so far.</summary>
    public long NextOffset { get; private set; }

    public PartitionInspection Run(CancellationToken cancellationToken)
    {
        string[] segments = [.. LogInspector.Segments(_directory)];
        Transactions.IsFromStart = segments is [var oldest, ..] && LogInspector.BaseOffset(oldest) == 0;
        foreach (string path in segments)
        {
            cancellationToken.ThrowIfCancellationRequested();
            long baseOffset = long.Parse(Path.GetFileNameWithoutExtension(path), CultureInfo.InvariantCulture);
            if (baseOffset < NextOffset)
            {
                Problems.Add(new InspectionProblem(path, 0, $"the segment begins at offset {baseOffset}, the one before ends at {NextOffset}")
                {
                    IsInLog = true,
                    FromOffset = baseOffset,
                    ToOffset = NextOffset,
                });
            }

            new SegmentCheck(path, baseOffset, path == segments[^1], this).Run(cancellationToken);
            NextOffset = Math.Max(NextOffset, baseOffset);
        }

        CheckNotes();
        CheckSnapshots();
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(_directory));
        return new PartitionInspection(name, segments.Length, _bytes, _batches, _records, _first ?? NextOffset, NextOffset, Problems);
    }

    /// <summary>Counts a batch.</summary>
    public void Count(in RecordBatchView batch, long nextOffset)
    {
        _first ??= batch.BaseOffset;
        _batches++;
        _records += Math.Max(0, batch.RecordCount);
        _bytes += batch.Bytes.Length;
        NextOffset = nextOffset;
    }

    /// <summary>Whether the epoch checkpoint says something else about a batch than its header; told once a partition.</summary>
    public InspectionProblem? WrongEpoch(in RecordBatchView batch)
    {
        int known = _epochs is null || _toldEpoch || batch.PartitionLeaderEpoch < 0 ? -1 : _epochs.EpochOf(batch.BaseOffset);
        if (known == -1 || known == batch.PartitionLeaderEpoch)
        {
            return null;
        }

        _toldEpoch = true;
        return new InspectionProblem(Path.Combine(_directory, LeaderEpochCheckpoint.FileName), 0,
            $"offset {batch.BaseOffset} belongs to epoch {known}; its batch says {batch.PartitionLeaderEpoch}");
    }

    private void CheckNotes()
    {
        string epochs = Path.Combine(_directory, LeaderEpochCheckpoint.FileName);
        if (_epochs is null && File.Exists(epochs))
        {
            Problems.Add(new InspectionProblem(epochs, 0, "the file cannot be read: its form is wrong"));
        }

        string metadata = Path.Combine(_directory, PartitionMetadataFile.FileName);
        if (File.Exists(metadata) && PartitionMetadataFile.TryLoad(_device, _directory) is null)
        {
            Problems.Add(new InspectionProblem(metadata, 0, "the file names no topic id"));
        }

        string checkpoint = Path.Combine(_directory, RecoveryCheckpoint.FileName);
        if (!File.Exists(checkpoint))
        {
            return;
        }

        if (RecoveryCheckpoint.TryLoad(_device, _directory) is not { } point)
        {
            Problems.Add(new InspectionProblem(checkpoint, 0, "neither of its two slots is whole"));
        }
        else if (point.RecoveryPoint > NextOffset)
        {
            Problems.Add(new InspectionProblem(checkpoint, 0,
                $"offsets {NextOffset} to {point.RecoveryPoint - 1} were durable; the log ends before them")
            {
                IsInLog = true,
                FromOffset = NextOffset,
                ToOffset = point.RecoveryPoint,
            });
        }
    }

    private void CheckSnapshots()
    {
        foreach (string name in _device.ListFiles(_directory))
        {
            if (!SegmentFileName.TryParse(name, SegmentFileName.Snapshot, out long offset))
            {
                continue;
            }

            string path = Path.Combine(_directory, name);
            if (ProducerSnapshot.TryLoad(_device, path) is not { } table)
            {
                Problems.Add(new InspectionProblem(path, 0, "the snapshot of producers is damaged"));
            }
            else if (table.Entries.FirstOrDefault(entry => entry.BatchCount > 0 && entry.LastBatch.LastOffset >= offset) is { } entry)
            {
                Problems.Add(new InspectionProblem(path, 0,
                    $"producer {entry.ProducerId} has offset {entry.LastBatch.LastOffset} in a snapshot of what is below {offset}"));
            }
        }
    }
}
