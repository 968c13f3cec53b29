using System.Globalization;

namespace LogQueue.Client.Connections;

/// <summary>Where a broker listens.</summary>
internal readonly record struct BrokerAddress(string Host, int Port)
{
    public const int DefaultPort = 9092;

    /// <summary>Reads "host:port, host, [::1]:port".</summary>
    /// <exception cref="ArgumentException">It names no broker, or a port that is none.</exception>
    public static BrokerAddress[] ParseList(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string[] parts = text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (parts.Length == 0)
        {
            throw new ArgumentException("No bootstrap server given: write host:port, several separated by commas.", nameof(text));
        }

        return Array.ConvertAll(parts, Parse);
    }

    public override string ToString() => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";

    private static BrokerAddress Parse(string text)
    {
        string host = text;
        int port = DefaultPort;
        int colon = text.LastIndexOf(':');
        bool bareIpv6 = !text.StartsWith('[') && text.IndexOf(':', StringComparison.Ordinal) != colon;
        if (colon > 0 && !bareIpv6 && !text.EndsWith(']'))
        {
            host = text[..colon];
            if (!int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port) || port is < 1 or > 65535)
            {
                throw new ArgumentException($"'{text}' has no valid port: write host:port with a port from 1 to 65535.", nameof(text));
            }
        }

        host = host.Trim('[', ']');
        return host.Length > 0 ? new BrokerAddress(host, port)
            : throw new ArgumentException($"'{text}' has no host: write host:port.", nameof(text));
    }
}
