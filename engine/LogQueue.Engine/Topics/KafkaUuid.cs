using System.Buffers.Text;

namespace LogQueue.Engine.Topics;

/// <summary>Kafka's text form of a uuid: 22 characters of URL-safe base64 over its 16 bytes, most significant first. Stateless.</summary>
public static class KafkaUuid
{
    /// <summary>A new random uuid. As in Kafka its text never starts with '-', which command lines take for an option.</summary>
    public static Guid Create()
    {
        Guid id = Guid.NewGuid();
        while (Format(id)[0] == '-')
        {
            id = Guid.NewGuid();
        }

        return id;
    }

    /// <summary>The text form.</summary>
    public static string Format(Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        return Base64Url.EncodeToString(bytes);
    }

    /// <summary>Reads the text form; false when it is none.</summary>
    public static bool TryParse(string? text, out Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        if (text is { Length: 22 } && Base64Url.IsValid(text) && Base64Url.TryDecodeFromChars(text, bytes, out int written)
            && written == 16)
        {
            id = new Guid(bytes, bigEndian: true);
            return true;
        }

        id = default;
        return false;
    }
}
