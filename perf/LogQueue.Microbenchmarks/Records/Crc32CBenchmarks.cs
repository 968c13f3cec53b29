using System.Buffers.Binary;
using System.Numerics;
using BenchmarkDotNet.Attributes;
using LogQueue.Records.Checksums;

namespace LogQueue.Microbenchmarks.Records;

/// <summary>CRC-32C by its three ways, against the processor's instruction in a plain loop.</summary>
[MemoryDiagnoser]
public class Crc32CBenchmarks
{
    private byte[] _bytes = [];

    /// <summary>Bytes under the checksum.</summary>
    [Params(256, 4096, 65536)]
    public int Bytes { get; set; }

    /// <summary>Fills the input.</summary>
    [GlobalSetup]
    public void Fill()
    {
        _bytes = new byte[Bytes];
        new Random(1).NextBytes(_bytes);
    }

    /// <summary>The control: eight bytes an instruction.</summary>
    [Benchmark(Baseline = true)]
    public uint PlainLoop()
    {
        uint crc = uint.MaxValue;
        for (int i = 0; i < _bytes.Length; i += 8)
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(_bytes.AsSpan(i)));
        }

        return ~crc;
    }

    /// <summary>What a batch is checked with.</summary>
    [Benchmark]
    public uint Chosen() => Crc32C.Compute(_bytes);

    /// <summary>Three lanes of the instruction.</summary>
    [Benchmark]
    public uint Interleaved() => Crc32CInterleaved.Update(0, _bytes);

    /// <summary>Tables only.</summary>
    [Benchmark]
    public uint Table() => Crc32CTable.Update(0, _bytes);
}
