using LogQueue.Storage;
using LogQueue.Storage.Files;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Partitions;

/// <summary>Torn tail or damage: the rule, at its edges and at random.</summary>
public sealed class SegmentRecoveryTests
{
    private static readonly LogOptions OneSegment = DamageRig.Options with { SegmentBytes = 1 << 30, PreallocateStepBytes = 1 << 20 };

    [Fact]
    public void Damage_below_the_recovery_point_never_shortens_the_log()
    {
        SimulatedStorageDevice device = DamageRig.Closed(OneSegment, batches: 200);
        string path = DamageRig.Logs(device)[0];
        byte[] original = device.Content(path);
        var random = new Random(3);
        int rounds = DamageRig.IsLong ? 100_000 : 1_500;
        for (int round = 0; round < rounds; round++)
        {
            SimulatedStorageDevice damaged = device.Copy();
            int position = random.Next(original.Length);
            int bytes = Math.Min(original.Length - position, random.Next(4) == 0 ? 4096 : random.Next(1, 20));
            byte[] garbage = new byte[bytes];
            if (random.Next(2) == 0)
            {
                random.NextBytes(garbage);
            }

            if (garbage.AsSpan().SequenceEqual(original.AsSpan(position, bytes)))
            {
                continue;
            }

            using (IStorageFile file = damaged.Open(path, StorageOpenMode.ReadWrite))
            {
                file.Write(position, garbage);
            }

            if (random.Next(2) == 0)
            {
                damaged.Delete($"{StorageRig.Directory}/{RecoveryPointIndex}");
            }

            using var rig = new StorageRig(damaged, OneSegment);
            (long From, long To) lost = Assert.Single(DamageRig.Survey(rig.Log));
            int first = FirstDifference(original, garbage, position);
            int last = LastDifference(original, garbage, position);
            Assert.True(lost == (DamageRig.BatchAt(original, first).From, DamageRig.BatchAt(original, last).To),
                $"round {round}: {bytes} bytes at {position}: lost {lost}");
            Assert.Equal(0, rig.Log.Recovery.CutBytes);
            Assert.Equal(original.Length, damaged.FileLength(path));
            Assert.Equal(AppendStatus.Offline, rig.Log.Append(TestBatches.Build(1, 0), AppendOrigin.Client).Status);
        }
    }

    [Fact]
    public void One_flipped_bit_behind_the_recovery_point_is_damage_wherever_it_is()
    {
        SimulatedStorageDevice device = Crashed(out long recoveryPosition, out long end);
        string path = DamageRig.Logs(device)[0];
        byte[] original = device.Content(path);
        int step = DamageRig.IsLong ? 1 : 37;
        for (long bit = recoveryPosition * 8; bit < end * 8; bit += step)
        {
            SimulatedStorageDevice damaged = device.Copy();
            damaged.FlipBit(path, bit);
            if (!damaged.Content(path).AsSpan((int)(bit / 8)).ContainsAnyExcept((byte)0))
            {
                continue; // only zeros from here on: a torn write looks the same
            }

            using var rig = new StorageRig(damaged, OneSegment);
            Assert.True(DamageRig.Survey(rig.Log).SequenceEqual([DamageRig.BatchAt(original, bit / 8)]), $"bit {bit}");
            Assert.Equal(0, rig.Log.Recovery.CutBytes);
        }
    }

    [Fact]
    public void A_torn_write_is_cut_and_whole_batches_behind_it_are_kept_aside()
    {
        SimulatedStorageDevice device = Crashed(out long recoveryPosition, out long end);
        string path = DamageRig.Logs(device)[0];
        long sector = ((recoveryPosition / 512) + 2) * 512;
        Write(device, path, sector, new byte[512]);
        using (var rig = new StorageRig(device, OneSegment))
        {
            Assert.Empty(rig.Log.Damage);
            Assert.True(rig.Log.Recovery.CutBytes > 0);
            Assert.Empty(DamageRig.Survey(rig.Log));
            Assert.Equal(AppendStatus.Appended, rig.Log.Append(TestBatches.Build(1, rig.Log.LogEndOffset), AppendOrigin.Client).Status);
        }

        string kept = Assert.Single(device.ListFiles($"{StorageRig.Root}/{LostAndFound.Name}"));
        Assert.StartsWith("topic-0.00000000000000000000.log.", kept, StringComparison.Ordinal);
        Assert.True(device.FileLength($"{StorageRig.Root}/{LostAndFound.Name}/{kept}") >= end - sector - 512);
    }

    [Fact]
    public void A_whole_batch_more_than_16_MiB_past_a_bad_one_proves_damage()
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        using (var rig = new StorageRig(device, OneSegment with { MaxMessageBytes = 2 << 20 }))
        {
            DamageRig.Fill(rig, 3);
            for (int i = 0; i < 18; i++)
            {
                long offset = rig.Log.LogEndOffset;
                rig.Log.Append(TestBatches.Build(1, offset, TestBatches.StartMs + offset, 1 << 20), AppendOrigin.Client);
            }
        }

        string path = DamageRig.Logs(device)[0];
        SimulatedStorageDevice near = device.Copy();
        Write(near, path, (10 << 20) + 512, new byte[4096]);
        using (var cut = new StorageRig(near, OneSegment))
        {
            Assert.Empty(cut.Log.Damage);
            Assert.True(cut.Log.Recovery.CutBytes > 0);
        }

        Write(device, path, 4096, new byte[4096]);
        using var damaged = new StorageRig(device, OneSegment);
        Assert.Equal(0, damaged.Log.Recovery.CutBytes);
        Assert.Single(damaged.Log.Damage);
        Assert.Single(DamageRig.Survey(damaged.Log));
    }

    [Fact]
    public void Segments_behind_a_torn_one_go_to_lost_and_found()
    {
        SimulatedStorageDevice device = TwoUnsynced(out string[] logs);
        byte[] second = device.Content(logs[1]);
        Write(device, logs[0], 40_448, new byte[1024]);
        using var again = new StorageRig(device, DamageRig.Options);
        Assert.Empty(again.Log.Damage);
        Assert.Equal(second, device.Content($"{StorageRig.Root}/{LostAndFound.Name}/topic-0.{Path.GetFileName(logs[1])}"));
        Assert.Empty(DamageRig.Survey(again.Log));
    }

    [Fact]
    public void A_missing_segment_is_damage_and_stays_it()
    {
        SimulatedStorageDevice whole = DamageRig.Closed(batches: 500);
        string[] logs = DamageRig.Logs(whole);
        Assert.True(logs.Length >= 4);
        for (int missing = 0; missing < logs.Length; missing++)
        {
            SimulatedStorageDevice device = whole.Copy();
            device.Delete(logs[missing]);
            for (int start = 0; start < 3; start++)
            {
                using var rig = new StorageRig(device, DamageRig.Options);
                (long From, long To) lost = Assert.Single(DamageRig.Survey(rig.Log));
                Assert.Equal(long.Parse(Path.GetFileNameWithoutExtension(logs[missing]), System.Globalization.CultureInfo.InvariantCulture), lost.From);
                Assert.Equal(AppendStatus.Offline, rig.Log.Append(TestBatches.Build(1, 0), AppendOrigin.Client).Status);
            }
        }
    }

    [Fact]
    public void Without_a_checkpoint_what_a_clean_shutdown_left_is_never_cut()
    {
        SimulatedStorageDevice device = DamageRig.Closed(OneSegment);
        string path = DamageRig.Logs(device)[0];
        device.Delete($"{StorageRig.Directory}/recovery.ckpt");
        Write(device, path, 40_000, new byte[3000]);
        SimulatedStorageDevice killed = device.Copy();
        using (var rig = new StorageRig(killed, OneSegment))
        {
            Assert.Empty(rig.Log.Damage); // unsynced and torn, for all anybody knows
            Assert.True(rig.Log.Recovery.CutBytes > 0);
        }

        (long From, long To) lost;
        long end;
        using (var rig = new StorageRig(device, OneSegment, clean: true))
        {
            lost = Assert.Single(DamageRig.Survey(rig.Log));
            Assert.Equal(0, rig.Log.Recovery.CutBytes);
            end = rig.Log.LogEndOffset;
            Assert.False(device.FileExists($"{StorageRig.Directory}/recovery.ckpt"));
            rig.Log.AdvanceLogStart(0); // no move, but nothing of it was ever saved
            Assert.True(device.FileExists($"{StorageRig.Directory}/recovery.ckpt"));
            rig.Log.AdvanceLogStart(lost.To);
            Assert.Equal(AppendStatus.Appended, rig.Log.Append(TestBatches.Build(1, end, TestBatches.StartMs + end), AppendOrigin.Client).Status);
            rig.Log.Commit();
        }

        using var again = new StorageRig(device.Crash(2), OneSegment);
        Assert.Equal((lost.To, end + 1), (again.Log.LogStartOffset, again.Log.LogEndOffset));
        Assert.Empty(DamageRig.Survey(again.Log));
    }

    [Theory]
    [InlineData(true)] // no checkpoint: a segment that others follow was complete
    [InlineData(false)] // one flipped bit behind the recovery point
    public void Damage_in_a_segment_that_another_one_follows_leaves_both(bool withoutCheckpoint)
    {
        SimulatedStorageDevice device = TwoUnsynced(out string[] logs);
        byte[] first = device.Content(logs[0]);
        byte[] second = device.Content(logs[1]);
        if (withoutCheckpoint)
        {
            device.Delete($"{StorageRig.Directory}/recovery.ckpt");
            Write(device, logs[0], 40_448, new byte[1024]);
        }
        else
        {
            device.FlipBit(logs[0], 40_448 * 8);
        }

        using var rig = new StorageRig(device, DamageRig.Options);
        (long from, long to) = Assert.Single(DamageRig.Survey(rig.Log));
        Assert.Equal(DamageRig.BatchAt(first, 40_448).From, from);
        Assert.Equal(DamageRig.BatchAt(first, withoutCheckpoint ? 41_471 : 40_448).To, to);
        Assert.Equal(300, rig.Log.LogEndOffset);
        Assert.True(second.AsSpan().StartsWith(device.Content(logs[1])));
        Assert.Equal(0, rig.Log.Recovery.CutBytes);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Zeros_where_durable_records_were_are_damage_and_so_is_a_file_that_ends_early(int slot)
    {
        SimulatedStorageDevice whole = DamageRig.Closed();
        string path = DamageRig.Logs(whole)[slot];
        byte[] content = whole.Content(path);
        (long From, long To) last = DamageRig.BatchAt(content, content.Length - 1);
        int start = Enumerable.Range(1, 2000).First(i => DamageRig.BatchAt(content, content.Length - 1 - i) != last);
        foreach (bool isShort in (bool[])[true, false])
        {
            SimulatedStorageDevice device = whole.Copy();
            if (isShort)
            {
                using IStorageFile file = device.Open(path, StorageOpenMode.ReadWrite);
                file.Truncate(content.Length - start);
            }
            else
            {
                device.Delete(DamageRig.FileOf(device, SegmentFileName.Seal)); // else the seal finds them
                Write(device, path, content.Length - start, new byte[start]);
            }

            using var rig = new StorageRig(device, DamageRig.Options);
            Assert.Equal([last], DamageRig.Survey(rig.Log));
            Assert.Equal($"offsets {last.From} to {last.To - 1}: '{path}' at byte {content.Length - start}: "
                + (isShort ? "the file ends before the recovery point" : "zeros where records were"), Assert.Single(rig.Log.Recovery.Damage));
            Assert.Equal(0, rig.Log.Recovery.CutBytes);
            Assert.Equal(AppendStatus.Offline, rig.Log.Append(TestBatches.Build(1, 0), AppendOrigin.Client).Status);
        }
    }

    [Fact]
    public async Task A_directory_that_lost_all_its_segments_says_what_is_lost_and_takes_no_appends()
    {
        SimulatedStorageDevice device = DamageRig.Closed();
        long end;
        using (var rig = new StorageRig(device, DamageRig.Options))
        {
            end = rig.Log.LogEndOffset;
            rig.Log.AdvanceLogStart(7);
            await rig.Log.CloseAsync();
        }

        Array.ForEach(DamageRig.Logs(device), device.Delete);
        for (int start = 0; start < 2; start++)
        {
            using var rig = new StorageRig(device, DamageRig.Options);
            Assert.Equal((7L, end), (rig.Log.LogStartOffset, rig.Log.LogEndOffset));
            Assert.Equal([(7L, end)], DamageRig.Survey(rig.Log));
            Assert.Equal(AppendStatus.Offline, rig.Log.Append(TestBatches.Build(1, 0), AppendOrigin.Client).Status);
        }
    }

    [Fact]
    public async Task A_directory_that_lost_segments_of_deleted_records_only_goes_on_where_it_ended()
    {
        SimulatedStorageDevice device = DamageRig.Closed();
        long end;
        using (var rig = new StorageRig(device, DamageRig.Options))
        {
            end = rig.Log.LogEndOffset;
            rig.Log.AdvanceLogStart(end);
            await rig.Log.CloseAsync();
        }

        Array.ForEach(DamageRig.Logs(device), device.Delete);
        using var again = new StorageRig(device, DamageRig.Options);
        Assert.Empty(again.Log.Damage);
        Assert.Equal(end, again.Log.Append(TestBatches.Build(1, end), AppendOrigin.Client).BaseOffset);
    }

    private const string RecoveryPointIndex = "00000000000000000000.index";

    /// <summary>A log that was not closed: batches up to the recovery point, then batches behind it.</summary>
    private static SimulatedStorageDevice Crashed(out long recoveryPosition, out long end)
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        using var rig = new StorageRig(device, OneSegment);
        DamageRig.Fill(rig, 5);
        rig.Log.Maintain(rig.Time.GetUtcNow());
        recoveryPosition = rig.Log.SizeBytes;
        DamageRig.Fill(rig, 20);
        end = rig.Log.SizeBytes;
        return device.Copy();
    }

    /// <summary>Two segments of one record a batch, of which nothing was committed.</summary>
    private static SimulatedStorageDevice TwoUnsynced(out string[] logs)
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        using (var rig = new StorageRig(device, DamageRig.Options))
        {
            for (int i = 0; i < 300; i++)
            {
                long offset = rig.Log.LogEndOffset;
                rig.Log.Append(TestBatches.Build(1, offset, TestBatches.StartMs + offset, 300), AppendOrigin.Client);
            }
        }

        logs = DamageRig.Logs(device);
        Assert.Equal(2, logs.Length);
        return device;
    }

    private static void Write(SimulatedStorageDevice device, string path, long position, byte[] bytes)
    {
        using IStorageFile file = device.Open(path, StorageOpenMode.ReadWrite);
        file.Write(position, bytes);
    }

    private static int FirstDifference(byte[] original, byte[] garbage, int position) =>
        position + garbage.AsSpan().CommonPrefixLength(original.AsSpan(position));

    private static int LastDifference(byte[] original, byte[] garbage, int position)
    {
        int last = garbage.Length - 1;
        while (garbage[last] == original[position + last])
        {
            last--;
        }

        return position + last;
    }
}
