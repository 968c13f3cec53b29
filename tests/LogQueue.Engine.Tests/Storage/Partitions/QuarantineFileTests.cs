using System.Globalization;
using System.Text;
using LogQueue.Records.Checksums;
using LogQueue.Storage.Partitions;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Partitions;

public sealed class QuarantineFileTests
{
    private const string Directory = StorageRig.Root;
    private readonly SimulatedStorageDevice _device = new(Directory);

    [Fact]
    public void It_comes_back_after_a_power_cut_and_goes_with_the_last_segment()
    {
        Assert.Empty(QuarantineFile.Load(_device, Directory)!);
        QuarantineFile.Save(_device, Directory, new HashSet<long>());
        Assert.Equal(0, _device.Operations); // nothing was there, and nothing is made
        QuarantineFile.Save(_device, Directory, new HashSet<long> { 70, 5 });
        SimulatedStorageDevice after = _device.Crash(0);
        Assert.Equal([5, 70], QuarantineFile.Load(after, Directory)!.Order());
        QuarantineFile.Save(after, Directory, new HashSet<long>());
        Assert.Empty(QuarantineFile.Load(after.Crash(0), Directory)!);
        Assert.Empty(after.Crash(0).ListFiles(Directory));
    }

    [Fact]
    public void Its_text_is_what_the_remarks_say()
    {
        string text = QuarantineFile.Format(new HashSet<long> { 70, 5 });
        Assert.Equal("logqueue-quarantine 1\n5\n70\n", text[..27]);
        Assert.Equal(text, Sealed("logqueue-quarantine 1\n5\n70\n"));
    }

    [Theory]
    [InlineData("logqueue-quarantine 2\n5\n")]
    [InlineData("logqueue-quarantine 1\n5\nseven\n")]
    [InlineData("logqueue-quarantine 1\n-5\n")]
    [InlineData("")]
    public void Lines_that_cannot_be_mean_all_segments_though_the_checksum_is_right(string lines) =>
        Assert.Null(QuarantineFile.Parse(Sealed(lines)));

    [Theory]
    [InlineData("")]
    [InlineData("logqueue-quarantine 1\n5\n")]
    [InlineData("logqueue-quarantine 1\n5\ncrc32c 0\n")]
    [InlineData("logqueue-quarantine 1\n5\ncrc32c not hex\n")]
    public void Without_a_right_checksum_it_means_all_segments(string text) => Assert.Null(QuarantineFile.Parse(text));

    private static string Sealed(string lines) =>
        string.Create(CultureInfo.InvariantCulture, $"{lines}crc32c {Crc32C.Compute(Encoding.UTF8.GetBytes(lines)):x8}\n");
}
