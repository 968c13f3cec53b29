using LogQueue.Client.Serialization;
using LogQueue.Streams.Topology;

namespace LogQueue.Streams;

/// <summary>
/// Declares a topology: where records come from, what is done with them, where results go. Nothing runs until a
/// <see cref="StreamApp"/> starts it. Not thread-safe.
/// </summary>
/// <example>
/// <code>
/// var builder = new StreamBuilder("daily-means");
/// builder.Stream("weather", Serdes.Utf8, Serdes.Double)
///     .GroupByKey()
///     .Window(WindowSpec.Tumbling(TimeSpan.FromDays(1), grace: TimeSpan.FromHours(1)))
///     .Aggregate(() => new Mean(), (mean, value) => mean.Add(value))
///     .EmitOnClose()
///     .ForEach(r => Console.WriteLine($"{r.Key.Key} {r.Key.Start:d} {r.Value}"));
/// </code>
/// </example>
public sealed class StreamBuilder
{
    private readonly List<SourceNode> _sources = [];

    /// <summary>Starts a declaration.</summary>
    /// <param name="applicationId">Names the application: its instances share the work as one consumer group of this name.</param>
    /// <exception cref="ArgumentException">The name is empty.</exception>
    public StreamBuilder(string applicationId)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(applicationId);
        ApplicationId = applicationId;
    }

    /// <summary>Name of the application and of its consumer group.</summary>
    public string ApplicationId { get; }

    /// <summary>
    /// Reads a topic. Event time is the record's timestamp unless <see cref="EventStream{TKey, TValue}.WithEventTime"/> says otherwise.
    /// </summary>
    /// <exception cref="ArgumentException">The topic is read already; branch the stream instead.</exception>
    public EventStream<TKey, TValue> Stream<TKey, TValue>(string topic, ISerde<TKey> key, ISerde<TValue> value)
        where TKey : notnull
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(topic);
        if (_sources.Any(s => s.Topic == topic))
        {
            throw new ArgumentException($"The topic {topic} is read already: keep its stream in a variable and branch from there.",
                nameof(topic));
        }

        var source = new SourceNode<TKey, TValue>(topic, key, value);
        _sources.Add(source);
        return new EventStream<TKey, TValue>(source.Output, source);
    }

    /// <summary>Ends the declaration.</summary>
    /// <exception cref="InvalidOperationException">There is no source, or a stream leads nowhere.</exception>
    public StreamTopology Build()
    {
        if (_sources.Count == 0)
        {
            throw new InvalidOperationException("A topology needs a source: call Stream().");
        }

        foreach (SourceNode source in _sources)
        {
            if (source.FindLooseEnd() is { } loose)
            {
                throw new InvalidOperationException($"'{loose}' leads nowhere: end it with To() or ForEach().");
            }
        }

        return new StreamTopology(ApplicationId, [.. _sources]);
    }
}
