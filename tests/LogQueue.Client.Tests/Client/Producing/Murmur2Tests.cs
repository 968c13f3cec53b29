using LogQueue.Client.Producing;

namespace LogQueue.Client.Tests.Client.Producing;

public sealed class Murmur2Tests
{
    [Fact]
    public void Every_vector_of_kafkas_java_client_holds()
    {
        string[] lines = [.. File.ReadLines(Path.Combine(AppContext.BaseDirectory, "TestData", "murmur2.csv")).Skip(1)];
        Assert.True(lines.Length >= 300);
        foreach (string line in lines)
        {
            string[] parts = line.Split(',');
            byte[] key = Convert.FromHexString(parts[0]);
            Assert.Equal(int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture), Murmur2.Hash(key));
            Assert.Equal(int.Parse(parts[2], System.Globalization.CultureInfo.InvariantCulture), Murmur2.PartitionOf(key, 12));
        }
    }
}
