using System.Diagnostics.CodeAnalysis;

namespace LogQueue.Wire;

/// <summary>Bytes that do not follow the wire format, or a message that its version cannot carry.</summary>
public sealed class WireFormatException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What is wrong, and where.</param>
    public WireFormatException(string message)
        : base(message)
    {
    }

    /// <summary>Fails because <paramref name="wanted"/> bytes at <paramref name="position"/> are more than remain.</summary>
    [DoesNotReturn]
    public static void ThrowTruncated(int position, long wanted, int remaining) =>
        throw new WireFormatException($"Byte {position}: {wanted} more bytes announced, {remaining} are left.");

    /// <summary>Fails because of what stands at <paramref name="position"/>.</summary>
    [DoesNotReturn]
    public static void ThrowAt(int position, string what) => throw new WireFormatException($"Byte {position}: {what}");

    /// <summary>Fails because a field has a value that this version of the message has no place for.</summary>
    [DoesNotReturn]
    public static void ThrowUnsupportedField(string message, string field, short version) =>
        throw new WireFormatException($"{message}.{field} has a value, but version {version} has no such field.");

    /// <summary>Fails because a field is null in a version that has no null for it.</summary>
    [DoesNotReturn]
    public static void ThrowNullField(string message, string field, short version) =>
        throw new WireFormatException($"{message}.{field} may not be null in version {version}.");
}
