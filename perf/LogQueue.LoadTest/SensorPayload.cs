using System.Globalization;
using System.Text;

namespace LogQueue.LoadTest;

/// <summary>
/// Values like a sensor's, all different, of exactly the wanted size; never a repeated pattern, which would flatter a codec. Thread-safe.
/// </summary>
internal sealed class SensorPayload
{
    private const int Variety = 4096;
    private readonly byte[][] _values;

    public SensorPayload(int valueBytes, int seed = 1)
    {
        var random = new Random(seed);
        _values = [.. Enumerable.Range(0, Variety).Select(i => Create(valueBytes, random, i))];
    }

    public ReadOnlyMemory<byte> this[long index] => _values[index % Variety];

    private static byte[] Create(int bytes, Random random, int index)
    {
        var text = new StringBuilder();
        while (text.Length < bytes)
        {
            text.Append(CultureInfo.InvariantCulture,
                $"{{\"sensor\":\"pump-{index % 200:D3}\",\"temperature\":{20 + (random.NextDouble() * 60):0.000},\"vibration\":{random.NextDouble():0.0000},\"rpm\":{1400 + random.Next(200)}}}");
        }

        return Encoding.ASCII.GetBytes(text.ToString(0, bytes));
    }
}
