using LogQueue.Storage.Files;
using LogQueue.Storage.Partitions;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Partitions;

/// <summary>A directory in which Kafka's cleaner was interrupted, at each of its steps.</summary>
public sealed class KafkaLeftoversTests : IDisposable
{
    private readonly string _directory = System.IO.Directory.CreateTempSubdirectory("lq-leftovers-").FullName;
    private readonly DiskStorageDevice _device = DiskStorageDevice.Create();

    public void Dispose() => System.IO.Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Deleted_and_half_cleaned_files_go()
    {
        Segment(0, ".log", 10);
        Segment(0, ".log.deleted", 10);
        Segment(0, ".index.deleted", 10);
        Segment(0, ".log.cleaned", 3);
        Finish();
        Assert.Equal(["00000000000000000000.log"], Names());
        Assert.Equal(10, Ends(0));
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public void A_swap_takes_the_place_of_what_it_was_made_from(bool firstIsThere, bool secondIsThere)
    {
        // The cleaner read segments 0 and 10 and made one of offsets 0 to 19; 20 is newer.
        if (firstIsThere)
        {
            Segment(0, ".log", 10);
            File.WriteAllBytes(PathOf(0, ".index"), [1, 2, 3]);
        }

        if (secondIsThere)
        {
            Segment(10, ".log", 10);
            File.WriteAllBytes(PathOf(10, ".timeindex"), [1]);
        }

        Segment(0, ".log.swap", 20);
        File.WriteAllBytes(PathOf(0, ".timeindex.swap"), [7]);
        Segment(20, ".log", 5);
        Finish();
        Assert.Equal(["00000000000000000000.log", "00000000000000000000.timeindex", "00000000000000000020.log"], Names());
        Assert.Equal([7], File.ReadAllBytes(PathOf(0, ".timeindex")));
        Assert.Equal((20, 25), (Ends(0), Ends(20)));
    }

    [Fact]
    public void An_index_whose_log_was_swapped_in_already_goes_and_is_rebuilt()
    {
        Segment(0, ".log", 10);
        File.WriteAllBytes(PathOf(0, ".index.swap"), [1, 2, 3]);
        Finish();
        Assert.Equal(["00000000000000000000.log"], Names());
        Assert.Equal(10, Ends(0));
    }

    private void Finish()
    {
        KafkaLeftovers.Finish(_device, _directory);
        string[] once = Names();
        KafkaLeftovers.Finish(_device, _directory);
        Assert.Equal(once, Names());
    }

    private void Segment(long baseOffset, string extension, int records)
    {
        byte[] batch = TestBatches.Build(records, baseOffset);
        LogQueue.Records.RecordBatchStamp.Stamp(batch, baseOffset, 0);
        File.WriteAllBytes(PathOf(baseOffset, extension), batch);
    }

    private long Ends(long baseOffset) => new LogQueue.Records.RecordBatchView(File.ReadAllBytes(PathOf(baseOffset, ".log"))).NextOffset;

    private string PathOf(long baseOffset, string extension) => SegmentFileName.PathOf(_directory, baseOffset, extension);

    private string[] Names() => [.. System.IO.Directory.GetFiles(_directory).Select(static f => Path.GetFileName(f)!).Order(StringComparer.Ordinal)];
}
