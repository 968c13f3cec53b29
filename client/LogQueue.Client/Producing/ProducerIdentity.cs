namespace LogQueue.Client.Producing;

/// <summary>The id under which the broker tells retries from new batches. Id -1: none.</summary>
internal readonly record struct ProducerIdentity(long Id, short Epoch)
{
    public static ProducerIdentity None => new(-1, -1);
}
