using System.Diagnostics.CodeAnalysis;
using LogQueue.Engine.Groups;
using LogQueue.Engine.Topics;

namespace LogQueue.Engine;

/// <summary>
/// An embeddable log engine over one data directory: topics, partitions, committed offsets of groups, producer ids.
/// Thread-safe.
/// </summary>
public sealed class LogEngine : IAsyncDisposable
{
    private LogEngine(LogEngineOptions options) => Options = options;

    /// <summary>The options it was opened with.</summary>
    public LogEngineOptions Options { get; }

    /// <summary>The cluster id: 22 characters, made at the first open, kept in <c>meta.properties</c>.</summary>
    public string ClusterId => throw new NotSupportedException();

    /// <summary>The node id of <c>meta.properties</c>.</summary>
    public int NodeId => throw new NotSupportedException();

    /// <summary>What opening found and did.</summary>
    public RecoverySummary Recovery => throw new NotSupportedException();

    /// <summary>All topics by name, internal ones included; a snapshot.</summary>
    public IReadOnlyList<Topic> Topics => throw new NotSupportedException();

    /// <summary>Committed offsets of groups.</summary>
    public GroupOffsets GroupOffsets => throw new NotSupportedException();

    /// <summary>True once the data directory is fenced after a disk error: reads go on, nothing more is written.</summary>
    public bool IsOffline => throw new NotSupportedException();

    /// <summary>Completes with the cause when the directory is fenced; never faults.</summary>
    public Task<Exception> Offline => throw new NotSupportedException();

    /// <summary>Opens the directory, recovers every partition and starts the commit thread and maintenance.</summary>
    public static Task<LogEngine> OpenAsync(LogEngineOptions options, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    /// <summary>Finds a topic by name.</summary>
    public bool TryGetTopic(string name, [NotNullWhen(true)] out Topic? topic) => throw new NotSupportedException();

    /// <summary>Finds a topic by id.</summary>
    public bool TryGetTopic(Guid topicId, [NotNullWhen(true)] out Topic? topic) => throw new NotSupportedException();

    /// <summary>Creates a topic; durable when it returns.</summary>
    public Task<Topic> CreateTopicAsync(
        string name, int partitionCount = -1, IReadOnlyDictionary<string, string>? configs = null, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    /// <summary>Checks what <see cref="CreateTopicAsync"/> would check, and creates nothing.</summary>
    public void ValidateNewTopic(string name, int partitionCount = -1, IReadOnlyDictionary<string, string>? configs = null) =>
        throw new NotSupportedException();

    /// <summary>Deletes a topic, its records and its committed offsets; durable when it returns.</summary>
    public Task DeleteTopicAsync(string name, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>Grows a topic to a new total of partitions; durable when it returns.</summary>
    public Task AddPartitionsAsync(string name, int newTotal, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>Replaces a topic's own settings; they apply at once and are durable when it returns.</summary>
    public Task SetTopicConfigsAsync(string name, IReadOnlyDictionary<string, string> fullSet, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    /// <summary>A producer id that was never given out before, over restarts too.</summary>
    public Task<long> AllocateProducerIdAsync(CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>Syncs and closes everything and marks the directory clean. Idempotent.</summary>
    public Task CloseAsync() => throw new NotSupportedException();

    /// <summary>Same as <see cref="CloseAsync"/>.</summary>
    public ValueTask DisposeAsync() => new(CloseAsync());
}
