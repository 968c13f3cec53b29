using System.Globalization;

namespace LogQueue.Server.Config;

/// <summary>A listener as Kafka writes it: <c>NAME://host:port</c>. Immutable.</summary>
/// <param name="Name">Its name, which is a protocol or mapped to one.</param>
/// <param name="Host">Host name or address; empty for all.</param>
/// <param name="Port">TCP port.</param>
internal sealed record ListenerAddress(string Name, string Host, int Port)
{
    /// <summary>Finds the one listener for clients in a list; the controller's listeners of a Kafka file are passed over.</summary>
    /// <param name="key">The setting, for messages.</param>
    /// <param name="values">All settings.</param>
    /// <returns>
    /// The listener; null when the setting is not there or cannot be used, which is then a problem in <paramref name="values"/>.
    /// </returns>
    public static ListenerAddress? ForClients(string key, ConfigValues values)
    {
        string[] controllers = Split(values.Text("controller.listener.names") ?? "CONTROLLER");
        var found = new List<ListenerAddress>();
        foreach (string text in Split(values.Text(key) ?? ""))
        {
            if (TryParse(text) is not { } listener)
            {
                values.Problems.Add($"{key}={text}: write it as PLAINTEXT://host:port.");
            }
            else if (!controllers.Contains(listener.Name, StringComparer.OrdinalIgnoreCase))
            {
                found.Add(listener);
            }
        }

        foreach (ListenerAddress listener in found.Where(listener => Protocol(listener.Name, values) != "PLAINTEXT"))
        {
            values.Problems.Add($"{key}: listener {listener.Name} is {Protocol(listener.Name, values)}; only PLAINTEXT is served so far.");
        }

        if (found.Count > 1)
        {
            values.Problems.Add($"{key}: {found.Count} listeners for clients; one is served.");
        }

        return found.FirstOrDefault();
    }

    private static string Protocol(string name, ConfigValues values)
    {
        foreach (string pair in Split(values.Text("listener.security.protocol.map") ?? ""))
        {
            int colon = pair.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0 && pair[..colon].Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return pair[(colon + 1)..].ToUpperInvariant();
            }
        }

        return name.ToUpperInvariant();
    }

    private static ListenerAddress? TryParse(string text)
    {
        int scheme = text.IndexOf("://", StringComparison.Ordinal);
        int colon = text.LastIndexOf(':');
        if (scheme <= 0 || colon < scheme + 3
            || !int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int port) || port > 65_535)
        {
            return null;
        }

        return new ListenerAddress(text[..scheme], text[(scheme + 3)..colon].Trim('[', ']'), port);
    }

    private static string[] Split(string list) => list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
