namespace LogQueue.Client.Producing;

/// <summary>What follows from an answer for a partition.</summary>
internal enum QueueStep
{
    /// <summary>Go on.</summary>
    None,

    /// <summary>Its batches wait for another try, and nothing of it is in flight any more: schedule it.</summary>
    ScheduleRetry,

    /// <summary>The same, and the broker told where the partition is now: send on without a pause.</summary>
    SendOn,
}
