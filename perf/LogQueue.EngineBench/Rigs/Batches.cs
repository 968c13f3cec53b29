using System.Globalization;
using System.Text;
using LogQueue.Records;

namespace LogQueue.EngineBench.Rigs;

/// <summary>Sensor-like values that all differ, and sealed batches of them. Stateless.</summary>
internal static class Batches
{
    private const int Variety = 1024;

    /// <summary>A batch of about this many bytes, never more; with 100-byte values, or one value that fills it.</summary>
    public static byte[] Build(int bytes)
    {
        using var builder = new RecordBatchBuilder(new RecordBatchBuilderOptions
        {
            Compression = CompressionType.None, MaxBatchBytes = bytes,
        });
        int valueBytes = bytes > 8 << 10 ? 100 : bytes - 90;
        byte[][] values = Values(valueBytes);
        for (int i = 0; builder.TryAppend(NowMs + i, [], values[i % Variety]); i++)
        {
        }

        return builder.Build().ToArray();
    }

    /// <summary>Values of exactly this size.</summary>
    public static byte[][] Values(int bytes)
    {
        var random = new Random(1);
        return [.. Enumerable.Range(0, Variety).Select(i =>
        {
            var text = new StringBuilder();
            while (text.Length < bytes)
            {
                text.Append(CultureInfo.InvariantCulture,
                    $"{{\"sensor\":\"pump-{i % 200:D3}\",\"temperature\":{20 + (random.NextDouble() * 60):0.000},\"rpm\":{random.Next(2000)}}}");
            }

            return Encoding.ASCII.GetBytes(text.ToString(0, bytes));
        })];
    }

    /// <summary>The time of the first record.</summary>
    public static long NowMs { get; } = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
}
