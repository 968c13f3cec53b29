using System.Buffers.Binary;
using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace LogQueue.Client.Serialization;

/// <summary>The usual serdes. Numbers are big-endian, as Kafka's own are. Thread-safe.</summary>
public static class Serdes
{
    /// <summary>UTF-8 text.</summary>
    public static ISerde<string> Utf8 { get; } = new Utf8Serde();

    /// <summary>Bytes as they are.</summary>
    public static ISerde<byte[]> Bytes { get; } = new BytesSerde();

    /// <summary>A 32-bit integer, 4 bytes.</summary>
    public static ISerde<int> Int32 { get; } =
        new FixedSerde<int>(4, BinaryPrimitives.WriteInt32BigEndian, BinaryPrimitives.ReadInt32BigEndian);

    /// <summary>A 64-bit integer, 8 bytes.</summary>
    public static ISerde<long> Int64 { get; } =
        new FixedSerde<long>(8, BinaryPrimitives.WriteInt64BigEndian, BinaryPrimitives.ReadInt64BigEndian);

    /// <summary>A double, 8 bytes.</summary>
    public static ISerde<double> Double { get; } =
        new FixedSerde<double>(8, BinaryPrimitives.WriteDoubleBigEndian, BinaryPrimitives.ReadDoubleBigEndian);

    /// <summary>JSON by source-generated metadata (no reflection).</summary>
    /// <typeparam name="T">The value's type.</typeparam>
    /// <param name="typeInfo">From a JsonSerializerContext.</param>
    public static ISerde<T> Json<T>(JsonTypeInfo<T> typeInfo) => new JsonSerde<T>(typeInfo);

    private sealed class Utf8Serde : ISerde<string>
    {
        public void Serialize(string value, IBufferWriter<byte> output)
        {
            int length = Encoding.UTF8.GetByteCount(value);
            output.Advance(Encoding.UTF8.GetBytes(value, output.GetSpan(length)));
        }

        public string Deserialize(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes);
    }

    private sealed class BytesSerde : ISerde<byte[]>
    {
        public void Serialize(byte[] value, IBufferWriter<byte> output) => output.Write(value);

        public byte[] Deserialize(ReadOnlySpan<byte> bytes) => bytes.ToArray();
    }

    private sealed class FixedSerde<T>(int sizeBytes, FixedSerde<T>.Writer write, FixedSerde<T>.Reader read) : ISerde<T>
    {
        public delegate void Writer(Span<byte> destination, T value);

        public delegate T Reader(ReadOnlySpan<byte> source);

        public void Serialize(T value, IBufferWriter<byte> output)
        {
            write(output.GetSpan(sizeBytes), value);
            output.Advance(sizeBytes);
        }

        public T Deserialize(ReadOnlySpan<byte> bytes) => bytes.Length == sizeBytes
            ? read(bytes)
            : throw new FormatException($"{typeof(T).Name} takes {sizeBytes} bytes, not {bytes.Length}: was it written by another serde?");
    }

    private sealed class JsonSerde<T>(JsonTypeInfo<T> typeInfo) : ISerde<T>
    {
        public void Serialize(T value, IBufferWriter<byte> output)
        {
            using var writer = new Utf8JsonWriter(output);
            JsonSerializer.Serialize(writer, value, typeInfo);
        }

        public T Deserialize(ReadOnlySpan<byte> bytes)
        {
            try
            {
                return JsonSerializer.Deserialize(bytes, typeInfo) ?? throw new FormatException($"JSON null is no {typeof(T).Name}.");
            }
            catch (JsonException e)
            {
                throw new FormatException($"The bytes are no JSON of {typeof(T).Name}: {e.Message}", e);
            }
        }
    }
}
