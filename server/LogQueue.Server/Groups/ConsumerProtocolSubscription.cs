using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace LogQueue.Server.Groups;

/// <summary>Reads the topics out of the metadata that members of protocol type "consumer" bring. The metadata belongs to the
/// clients; whatever does not parse is answered with false, never with an exception.</summary>
/// <remarks><code>
/// int16 version | int32 n | n × (int16 length, UTF-8 topic) | int32 length, user data | version 1+: owned partitions ...
/// </code>Only version and topics are read; they have stood first in every version.</remarks>
internal static class ConsumerProtocolSubscription
{
    /// <summary>The protocol type whose metadata has this form.</summary>
    public const string ProtocolType = "consumer";

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>All topics of several members together; null when the metadata of one cannot be read.</summary>
    public static IReadOnlySet<string>? TopicsOf(IEnumerable<byte[]> subscriptions)
    {
        var topics = new HashSet<string>(StringComparer.Ordinal);
        foreach (byte[] subscription in subscriptions)
        {
            if (!TryReadTopics(subscription, out IReadOnlyList<string>? own))
            {
                return null;
            }

            topics.UnionWith(own);
        }

        return topics;
    }

    /// <summary>The subscribed topics, or false when the bytes are something else.</summary>
    public static bool TryReadTopics(ReadOnlySpan<byte> metadata, [NotNullWhen(true)] out IReadOnlyList<string>? topics)
    {
        topics = null;
        if (metadata.Length < 6 || BinaryPrimitives.ReadInt16BigEndian(metadata) < 0)
        {
            return false;
        }

        int count = BinaryPrimitives.ReadInt32BigEndian(metadata[2..]);
        ReadOnlySpan<byte> rest = metadata[6..];
        if (count < 0 || count > rest.Length / 2)
        {
            return false;
        }

        var read = new List<string>(count);
        for (int i = 0; i < count; i++)
        {
            if (rest.Length < 2)
            {
                return false;
            }

            int length = BinaryPrimitives.ReadInt16BigEndian(rest);
            if (length < 0 || length > rest.Length - 2 || !TryDecode(rest.Slice(2, length), out string? topic))
            {
                return false;
            }

            read.Add(topic);
            rest = rest[(2 + length)..];
        }

        topics = read;
        return true;
    }

    private static bool TryDecode(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out string? text)
    {
        try
        {
            text = Utf8.GetString(bytes);
            return true;
        }
        catch (DecoderFallbackException)
        {
            text = null;
            return false;
        }
    }
}
