using System.Text;
using LogQueue.Engine.Opening;
using LogQueue.Storage.Partitions;

namespace LogQueue.Engine.Tests.Engine.Opening;

public sealed class CleanShutdownMarkerTests
{
    private static readonly KeyValuePair<string, LogSummary>[] Logs =
    [
        new("readings-0", new LogSummary(Guid.Parse("11111111-2222-3333-4444-555555555555"), 3, 8, 10, 2, 5, 4096, 9000, 1_795_478_400_000)),
        new("t.x-12", new LogSummary(Guid.Empty, 0, 0, 0, 0, 0, -1, 0, -1)),
    ];

    [Fact]
    public void What_is_written_is_read_back()
    {
        IReadOnlyDictionary<string, LogSummary> read = CleanShutdownMarker.Parse(Encoding.UTF8.GetBytes(CleanShutdownMarker.Format(Logs)))!;
        Assert.Equal(Logs.ToDictionary(), read);
    }

    [Fact]
    public void Its_format_is_what_the_remarks_say() => Assert.StartsWith(
        "logqueue-clean-shutdown 2\nreadings-0\t11111111222233334444555555555555\t3\t8\t10\t2\t5\t4096\t9000\t1795478400000\nt.x-12\t",
        CleanShutdownMarker.Format(Logs), StringComparison.Ordinal);

    [Fact]
    public void Every_flipped_bit_and_every_cut_makes_it_unbelievable()
    {
        byte[] good = Encoding.UTF8.GetBytes(CleanShutdownMarker.Format(Logs));
        for (int bit = 0; bit < good.Length * 8; bit++)
        {
            byte[] bad = [.. good];
            bad[bit / 8] ^= (byte)(1 << (bit % 8));
            IReadOnlyDictionary<string, LogSummary>? read = CleanShutdownMarker.Parse(bad);

            // The digits of the checksum itself may change their case.
            Assert.True(read is null || (bit / 8 >= good.Length - 9 && read.Count == Logs.Length), $"bit {bit}");
        }

        for (int length = 0; length < good.Length; length++)
        {
            Assert.Null(CleanShutdownMarker.Parse(good.AsSpan(0, length)));
        }
    }

    [Theory]
    [InlineData("logqueue-clean-shutdown 1\nreadings-0\t10\n")]
    [InlineData("logqueue-clean-shutdown 2\nreadings-0\t10\n")]
    [InlineData("logqueue-clean-shutdown 2\nt-0\t11111111222233334444555555555555\t9\t8\t10\t0\t0\t0\t0\t0\n")]
    [InlineData("logqueue-clean-shutdown 2\nt-0\t11111111222233334444555555555555\t0\t8\t10\t-1\t0\t0\t0\t0\n")]
    public void Lines_that_cannot_be_are_refused_though_the_checksum_is_right(string text)
    {
        uint crc = LogQueue.Records.Checksums.Crc32C.Compute(Encoding.UTF8.GetBytes(text));
        Assert.Null(CleanShutdownMarker.Parse(Encoding.UTF8.GetBytes($"{text}crc32c {crc:x8}\n")));
    }
}
