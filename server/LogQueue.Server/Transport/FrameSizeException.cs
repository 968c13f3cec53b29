using System.Buffers.Binary;
using System.Globalization;

namespace LogQueue.Server.Transport;

/// <summary>A connection announced a request of an impossible size. Says what the bytes look like.</summary>
internal sealed class FrameSizeException : Exception
{
    private static readonly string[] HttpVerbs = ["GET ", "POST", "HEAD", "PUT ", "OPTI", "DELE", "PATC", "CONN", "PRI "];

    /// <summary>Creates it.</summary>
    /// <param name="announcedBytes">The announced size.</param>
    /// <param name="mostBytes">The largest size that is accepted.</param>
    public FrameSizeException(int announcedBytes, int mostBytes)
        : base(Describe(announcedBytes, mostBytes))
    {
    }

    private static string Describe(int announcedBytes, int mostBytes)
    {
        Span<byte> prefix = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(prefix, announcedBytes);
        string text = System.Text.Encoding.Latin1.GetString(prefix);
        if (HttpVerbs.Contains(text, StringComparer.Ordinal))
        {
            return "it speaks HTTP; this port speaks the Kafka protocol.";
        }

        if (prefix[0] == 0x16 && prefix[1] == 0x03)
        {
            return "it begins a TLS handshake; this listener is PLAINTEXT (set security.protocol=PLAINTEXT in the client).";
        }

        return string.Create(
            CultureInfo.InvariantCulture,
            $"it announced a request of {announcedBytes} bytes; 8 to {mostBytes} are accepted (socket.request.max.bytes).");
    }
}
