namespace LogQueue.Client;

/// <summary>Which records of transactions a consumer sees.</summary>
public enum IsolationLevel
{
    /// <summary>All of them, also of transactions that are open or were aborted.</summary>
    ReadUncommitted = 0,

    /// <summary>Only those of committed transactions, up to the last stable offset.</summary>
    ReadCommitted = 1,
}
