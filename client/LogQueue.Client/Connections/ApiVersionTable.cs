using LogQueue.Protocol;

namespace LogQueue.Client.Connections;

/// <summary>The versions one broker speaks, and the choice of the highest that both sides know. Immutable.</summary>
internal sealed class ApiVersionTable(IReadOnlyDictionary<ApiKey, ApiVersionRange> ranges, string broker)
{
    public IReadOnlyDictionary<ApiKey, ApiVersionRange> Ranges => ranges;

    public bool Supports(ApiKey key) => ranges.ContainsKey(key);

    /// <summary>The highest version that both know and that is not above <paramref name="cap"/>.</summary>
    /// <exception cref="KafkaException">They share none.</exception>
    public short Pick<TRequest>(short cap = short.MaxValue)
        where TRequest : IRequestMessage<TRequest>
    {
        short highest = Math.Min(TRequest.HighestVersion, cap);
        if (ranges.TryGetValue(TRequest.ApiKey, out ApiVersionRange range))
        {
            short version = Math.Min(range.Highest, highest);
            if (version >= range.Lowest && version >= TRequest.LowestVersion)
            {
                return version;
            }

            throw new KafkaException(
                ErrorCode.UnsupportedVersion,
                $"{broker} speaks {TRequest.ApiKey} {range.Lowest}-{range.Highest}, this client {TRequest.LowestVersion}-{highest}.",
                broker);
        }

        throw new KafkaException(ErrorCode.UnsupportedVersion, $"{broker} does not offer {TRequest.ApiKey}.", broker);
    }
}
