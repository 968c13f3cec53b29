using LogQueue.Records;

namespace LogQueue.Client;

/// <summary>How a <see cref="Producer"/> batches, sends and retries. Immutable.</summary>
public sealed record ProducerOptions
{
    /// <summary>Whose acknowledgement completes a send.</summary>
    public Acks Acks { get; init; } = Acks.All;

    /// <summary>
    /// Numbers batches so that the broker drops what a retry sends twice and keeps the order. Takes effect with <see cref="Acks.All"/>
    /// only.
    /// </summary>
    public bool Idempotent { get; init; } = true;

    /// <summary>The codec of the batches.</summary>
    public CompressionType Compression { get; init; } = CompressionType.Lz4;

    /// <summary>A batch is closed when its records reach this size (bytes, before compression).</summary>
    public int BatchBytes { get; init; } = 256 * 1024;

    /// <summary>
    /// How long an unfilled batch waits for company. Zero (the default) is adaptive: with nothing in flight a record leaves at once;
    /// while a request is in flight the records that arrive meanwhile form the next batch.
    /// </summary>
    public TimeSpan Linger { get; init; }

    /// <summary>Unanswered produce requests per broker; at most 5 when idempotent.</summary>
    public int MaxInFlight { get; init; } = 5;

    /// <summary>Bytes of records that may be waiting or in flight; beyond it <see cref="Producer.SendAsync"/> waits.</summary>
    public long BufferMemoryBytes { get; init; } = 32L * 1024 * 1024;

    /// <summary>The largest produce request, in bytes of record batches.</summary>
    public int MaxRequestBytes { get; init; } = 1024 * 1024;

    /// <summary>From <see cref="Producer.SendAsync"/> to acknowledgement, retries included; then the send fails.</summary>
    public TimeSpan DeliveryTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Every problem of these options, in words; empty when they are usable.</summary>
    public IReadOnlyList<string> Validate()
    {
        var problems = new List<string>();
        if (BatchBytes is < 1024 or > 512 * 1024 * 1024)
        {
            problems.Add($"{nameof(BatchBytes)} is {BatchBytes}: it must be 1024 to 536870912 bytes.");
        }

        if (BufferMemoryBytes < BatchBytes)
        {
            problems.Add($"{nameof(BufferMemoryBytes)} is {BufferMemoryBytes}: it must hold at least one batch ({BatchBytes} bytes).");
        }

        if (MaxInFlight < 1 || (IsIdempotent && MaxInFlight > 5))
        {
            problems.Add($"{nameof(MaxInFlight)} is {MaxInFlight}: it must be 1 to 5 (the broker remembers five batches per producer).");
        }

        if (MaxRequestBytes < 1024)
        {
            problems.Add($"{nameof(MaxRequestBytes)} is {MaxRequestBytes}: it must be at least 1024 bytes.");
        }

        if (Linger < TimeSpan.Zero)
        {
            problems.Add($"{nameof(Linger)} is {Linger}: it must be zero (adaptive) or longer.");
        }

        if (DeliveryTimeout <= Linger)
        {
            problems.Add($"{nameof(DeliveryTimeout)} is {DeliveryTimeout}: it must be longer than {nameof(Linger)} ({Linger}).");
        }

        return problems;
    }

    /// <summary>Whether batches are numbered: asked for, and every replica acknowledges.</summary>
    internal bool IsIdempotent => Idempotent && Acks == Acks.All;
}
