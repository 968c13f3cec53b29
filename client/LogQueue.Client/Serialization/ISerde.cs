using System.Buffers;

namespace LogQueue.Client.Serialization;

/// <summary>Turns values into bytes and back. Implementations are thread-safe.</summary>
/// <typeparam name="T">The value's type.</typeparam>
public interface ISerde<T>
{
    /// <summary>Writes <paramref name="value"/> to <paramref name="output"/>.</summary>
    void Serialize(T value, IBufferWriter<byte> output);

    /// <summary>Reads a value; throws <see cref="FormatException"/> when the bytes are not one.</summary>
    T Deserialize(ReadOnlySpan<byte> bytes);
}
