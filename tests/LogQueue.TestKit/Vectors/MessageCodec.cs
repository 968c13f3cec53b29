using System.Reflection;
using LogQueue.Wire;
using LogQueue.Wire.Memory;

namespace LogQueue.TestKit.Vectors;

/// <summary>Reads and writes a generated message by its type at run time, for tests that go over all of them. Thread-safe.</summary>
public sealed class MessageCodec
{
    private static readonly MethodInfo CreateMethod = typeof(MessageCodec).GetMethod(nameof(For), BindingFlags.NonPublic | BindingFlags.Static)!;
    private readonly Func<byte[], short, long, (object Message, int Read)> _read;
    private readonly Func<object, short, byte[]> _write;

    private readonly Func<short, bool> _isFlexible;
    private readonly Func<object> _create;

    private MessageCodec(
        Func<object> create,
        Func<byte[], short, long, (object, int)> read,
        Func<object, short, byte[]> write,
        Func<short, bool> isFlexible,
        short lowest,
        short highest)
    {
        _create = create;
        _isFlexible = isFlexible;
        _read = read;
        _write = write;
        LowestVersion = lowest;
        HighestVersion = highest;
    }

    /// <summary>Oldest version of the message.</summary>
    public short LowestVersion { get; }

    /// <summary>Newest version of the message.</summary>
    public short HighestVersion { get; }

    /// <summary>The codecs of all generated messages of an assembly, by class name.</summary>
    public static IReadOnlyDictionary<string, MessageCodec> In(Assembly assembly) => assembly.GetTypes()
        .Where(static t => t.GetInterfaces().Any(static i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IWireMessage<>)) && t.IsClass)
        .ToDictionary(static t => t.Name, static t => (MessageCodec)CreateMethod.MakeGenericMethod(t).Invoke(null, null)!);

    /// <summary>Decodes; also says how many bytes were read.</summary>
    public (object Message, int Read) Read(byte[] bytes, short version, long allowanceBytes = long.MaxValue) => _read(bytes, version, allowanceBytes);

    /// <summary>Encodes.</summary>
    public byte[] Write(object message, short version) => _write(message, version);

    /// <summary>A message with every field at its default.</summary>
    public object Create() => _create();

    /// <summary>True when a version has tagged fields.</summary>
    public bool IsFlexible(short version) => _isFlexible(version);

    private static MessageCodec For<T>()
        where T : IWireMessage<T> => new(
        static () => Activator.CreateInstance<T>()!,
        static (bytes, version, allowance) =>
        {
            var reader = new WireReader(bytes, allowance);
            T message = T.Read(ref reader, version);
            return (message, reader.Position);
        },
        static (message, version) =>
        {
            using var output = new PooledBufferWriter();
            var writer = new WireWriter(output);
            ((T)message).Write(ref writer, version);
            return output.WrittenSpan.ToArray();
        },
        static version => T.IsFlexible(version),
        T.LowestVersion,
        T.HighestVersion);
}
