using System.Buffers;
using System.Globalization;
using System.Text;
using LogQueue.Client.Serialization;
using LogQueue.Streams;

namespace LogQueue.Cli.Demo;

/// <summary>Key of a windowed result as text: <c>sensor@yyyy-MM-dd</c>. Thread-safe.</summary>
internal sealed class WindowKey : ISerde<Windowed<string>>
{
    public static ISerde<Windowed<string>> Serde { get; } = new WindowKey();

    public void Serialize(Windowed<string> value, IBufferWriter<byte> output) =>
        Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{value.Key}@{value.Start:yyyy-MM-dd}"), output);

    public Windowed<string> Deserialize(ReadOnlySpan<byte> bytes)
    {
        string text = Encoding.UTF8.GetString(bytes);
        int at = text.LastIndexOf('@');
        long start = DateTimeOffset.Parse(text[(at + 1)..], CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal).ToUnixTimeMilliseconds();
        return new Windowed<string>(text[..at], start, start + (long)TimeSpan.FromDays(1).TotalMilliseconds);
    }
}
