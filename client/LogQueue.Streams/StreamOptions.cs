namespace LogQueue.Streams;

/// <summary>How a topology is run. Immutable.</summary>
public sealed record StreamOptions
{
    /// <summary>How often positions are committed. After a crash at most this much is processed again.</summary>
    /// <value>1 s.</value>
    public TimeSpan CommitInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Stop at the end that the topics have at the start, and close all windows there: for a backfill or a test.</summary>
    /// <value>False: runs until it is stopped.</value>
    public bool StopAtEnd { get; init; }

    /// <summary>Clock of the commit interval; results never depend on it.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}
