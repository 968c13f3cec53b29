using LogQueue.Storage.Files;
using LogQueue.Storage.Journal;
using LogQueue.Storage.Partitions;

namespace LogQueue.Storage.Maintenance;

/// <summary>
/// One round of commits: what is small goes through the journal with one sync, the rest is synced file by file. Not thread-safe.
/// </summary>
internal sealed class CommitRound(CommitLoopOptions options, DirectoryFence fence, CommitJournal? journal)
{
    private readonly List<PendingCommit> _small = [];
    private readonly List<PartitionLog> _whole = [];

    /// <summary>
    /// Makes durable what these logs have written, and publishes it. Never throws: after a failed sync those who wait get the error.
    /// </summary>
    public void Run(List<PartitionLog> logs)
    {
        foreach (PartitionLog log in logs)
        {
            if (journal is not null && logs.Count >= options.JournalLeastLogs
                && log.TryPrepareCommit(options.JournalMostLogBytes, out PendingCommit pending))
            {
                _small.Add(pending);
            }
            else
            {
                _whole.Add(log);
            }
        }

        if (journal is not null && _small.Count >= options.JournalLeastLogs && TryJournal(journal))
        {
            _small.ForEach(static commit => commit.Log.CompleteCommit(commit));
        }
        else
        {
            _whole.AddRange(_small.Select(static commit => commit.Log));
        }

        _small.ForEach(static commit => commit.Release());
        _small.Clear();
        _whole.ForEach(CommitWhole);
        _whole.Clear();
    }

    private bool TryJournal(CommitJournal taken)
    {
        try
        {
            return taken.TryWrite(_small);
        }
        catch (StorageException e) when (!FenceRule.IsFinal(e))
        {
            return false; // nothing was promised by it: the files are synced themselves
        }
        catch (Exception e)
        {
            fence.Trip(e);
            return true; // completing now fails those who wait
        }
    }

    private void CommitWhole(PartitionLog log)
    {
        try
        {
            log.Commit();
        }
        catch (Exception e)
        {
            // A bug must not end the thread in silence: everybody who waits would wait for ever.
            fence.Trip(e);
            log.Commit();
        }
    }
}
