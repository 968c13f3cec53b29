using System.Collections.Concurrent;
using LogQueue.Engine.Topics;
using LogQueue.Records;

namespace LogQueue.Engine.Partitions;

/// <summary>Idle batch builders of an engine, so that an append rents no new buffers. Bounded. Thread-safe.</summary>
internal sealed class BuilderPool : IDisposable
{
    private static readonly int MostIdle = Environment.ProcessorCount * 2;
    private readonly ConcurrentQueue<Rented> _idle = new();
    private volatile bool _disposed;

    /// <summary>A builder for a topic's settings.</summary>
    public Rented Rent(TopicConfig config)
    {
        int maxBytes = Math.Max(config.MaxMessageBytes, RecordBatchLayout.HeaderBytes);
        while (_idle.TryDequeue(out Rented? idle))
        {
            if (idle.Codec == config.EngineCompression && idle.Level == config.EngineCompressionLevel && idle.MaxBytes == maxBytes)
            {
                return idle;
            }

            idle.Builder.Dispose();
        }

        var options = new RecordBatchBuilderOptions
        {
            Compression = config.EngineCompression,
            CompressionLevel = config.EngineCompressionLevel,
            MaxBatchBytes = maxBytes,
        };
        return new Rented(new RecordBatchBuilder(options), config.EngineCompression, config.EngineCompressionLevel, maxBytes);
    }

    /// <summary>Takes a builder back.</summary>
    public void Return(Rented rented)
    {
        if (_disposed || _idle.Count >= MostIdle)
        {
            rented.Builder.Dispose();
            return;
        }

        rented.Builder.Reset();
        _idle.Enqueue(rented);
    }

    public void Dispose()
    {
        _disposed = true;
        while (_idle.TryDequeue(out Rented? idle))
        {
            idle.Builder.Dispose();
        }
    }

    /// <summary>A builder with what it was made for.</summary>
    internal sealed record Rented(RecordBatchBuilder Builder, CompressionType Codec, int? Level, int MaxBytes);
}
