using System.Buffers;
using System.Globalization;
using System.Text;
using LogQueue.Client.Serialization;
using LogQueue.Streams;

namespace LogQueue.Client.Tests.Streams;

/// <summary>Key of a windowed result as text: <c>key start end</c>. Thread-safe.</summary>
internal sealed class WindowText : ISerde<Windowed<string>>
{
    public static ISerde<Windowed<string>> Serde { get; } = new WindowText();

    public void Serialize(Windowed<string> value, IBufferWriter<byte> output) =>
        Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{value.Key} {value.StartMs} {value.EndMs}"), output);

    public Windowed<string> Deserialize(ReadOnlySpan<byte> bytes)
    {
        string[] parts = Encoding.UTF8.GetString(bytes).Split(' ');
        return new Windowed<string>(parts[0], long.Parse(parts[1], CultureInfo.InvariantCulture), long.Parse(parts[2], CultureInfo.InvariantCulture));
    }
}
