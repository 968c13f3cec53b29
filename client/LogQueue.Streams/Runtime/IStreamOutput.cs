namespace LogQueue.Streams.Runtime;

/// <summary>Where a task's results go that are bound for topics. Used by one task at a time.</summary>
internal interface IStreamOutput
{
    ValueTask SendAsync(string topic, byte[] key, byte[] value, long timestampMs);
}
