using System.Buffers.Binary;
using LogQueue.Engine.Inspection;

namespace LogQueue.Engine.Tests.Engine.Inspection;

public sealed class HyperLogLogTests
{
    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 0)]
    [InlineData(100, 0.03)]
    [InlineData(5_000, 0.06)]
    [InlineData(200_000, 0.06)]
    public void Estimates_the_number_of_different_keys(int keys, double error)
    {
        var log = new HyperLogLog();
        byte[] key = new byte[8];
        foreach (int _ in (int[])[1, 2, 3])
        {
            for (int i = 0; i < keys; i++)
            {
                BinaryPrimitives.WriteInt64BigEndian(key, i * 7919L);
                log.Add(key);
            }
        }

        Assert.InRange(log.Estimate(), (long)(keys * (1 - error)), (long)Math.Ceiling(keys * (1 + error)));
    }
}
