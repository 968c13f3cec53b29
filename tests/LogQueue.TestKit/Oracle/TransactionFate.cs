namespace LogQueue.TestKit.Oracle;

/// <summary>How a transaction was decided in a partition.</summary>
/// <param name="IsCommit">Committed, or aborted.</param>
/// <param name="MarkerOffset">Where its marker is, if it is in the log at all.</param>
internal readonly record struct TransactionFate(bool IsCommit, long MarkerOffset);
