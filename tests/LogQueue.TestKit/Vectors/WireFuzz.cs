using LogQueue.Wire;

namespace LogQueue.TestKit.Vectors;

/// <summary>Breaks good messages in seeded ways and watches what reading them does. Not thread-safe.</summary>
public sealed class WireFuzz
{
    private const int FrameFactor = 4;
    private const int FixedBytes = 64 * 1024;

    // Left for the exception that a reader ends with: its message and its stack are no part of what it reads.
    private const int ExceptionBytes = 16 * 1024;
    private readonly Random _random;

    /// <summary>Creates a fuzzer that does the same for the same seed.</summary>
    public WireFuzz(int seed) => _random = new Random(seed);

    /// <summary>How many broken frames were still read as some message.</summary>
    public int Accepted { get; private set; }

    /// <summary>How many were refused.</summary>
    public int Refused { get; private set; }

    /// <summary>
    /// Reads <paramref name="rounds"/> mutations of each frame. Anything but <see cref="WireFormatException"/> escapes to the caller, and
    /// so does an allocation of more than four times the frame plus 64 KiB.
    /// </summary>
    /// <exception cref="InvalidOperationException">A frame made the reader allocate too much.</exception>
    public void Run(string name, MessageCodec codec, IEnumerable<(byte[] Bytes, short Version)> frames, int rounds)
    {
        foreach ((byte[] bytes, short version) in frames)
        {
            for (int i = 0; i < rounds; i++)
            {
                Read(name, codec, Mutate(bytes), version);
            }

            byte[] noise = new byte[_random.Next(1, 512)];
            _random.NextBytes(noise);
            Read(name, codec, noise, version);
        }
    }

    /// <summary>Reads one frame and checks what it took.</summary>
    public void Read(string name, MessageCodec codec, byte[] frame, short version)
    {
        long most = (FrameFactor * (long)frame.Length) + FixedBytes;
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            codec.Read(frame, version, most - ExceptionBytes);
            Accepted++;
        }
        catch (WireFormatException)
        {
            Refused++;
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        if (allocated > most)
        {
            throw new InvalidOperationException(
                $"{name} v{version}: {allocated} bytes allocated for {frame.Length}: {Convert.ToHexString(frame.AsSpan(0, Math.Min(500, frame.Length)))}");
        }
    }

    private byte[] Mutate(byte[] original)
    {
        var bytes = new List<byte>(original);
        for (int left = _random.Next(1, 4); left > 0 && bytes.Count > 0; left--)
        {
            int at = _random.Next(bytes.Count);
            switch (_random.Next(6))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << _random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)_random.Next(256);
                    break;
                case 2:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                case 3:
                    bytes.RemoveAt(at);
                    break;
                case 4:
                    // A length that promises far more than can follow.
                    bytes.InsertRange(at, [0xFF, 0xFF, 0xFF, 0xFF, 0x07]);
                    break;
                default:
                    bytes.InsertRange(at, [0x7F, 0xFF, 0xFF, 0xFF]);
                    break;
            }
        }

        return [.. bytes];
    }
}
