using System.Buffers.Binary;
using LogQueue.Engine.Tests.Storage.Partitions;
using LogQueue.Records;
using LogQueue.Storage;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Segments;

/// <summary>
/// Every bit of the first 17 bytes of the very last batch of a log, which its own checksum does not cover and no batch behind it proves:
/// found, or harmless; never served, never cut once it was durable.
/// </summary>
public sealed class LastBatchTests
{
    [Theory]
    [InlineData("closed", false, 60)]
    [InlineData("closed", true, 60)]
    [InlineData("checkpointed", false, 60)]
    [InlineData("checkpointed", true, 60)]
    [InlineData("dropped", false, 60)]
    [InlineData("dropped", true, 60)]
    [InlineData("closed", false, 1)]
    [InlineData("closed", true, 1)]
    [InlineData("checkpointed", false, 1)]
    [InlineData("checkpointed", true, 1)]
    [InlineData("dropped", false, 1)]
    [InlineData("dropped", true, 1)]
    public void Every_bit_that_its_checksum_does_not_cover_is_found(string end, bool isCompacted, int batches)
    {
        LogOptions options = DamageRig.Options with { Compacted = isCompacted, IndexIntervalBytes = 100 };
        SimulatedStorageDevice device = Written(options, end, batches);
        string path = DamageRig.Logs(device)[^1];
        byte[] log = device.Content(path);
        int last = LastPosition(log, out long offset, out long next);
        List<string> wrong = [];
        for (int bit = 0; bit < (RecordBatchLayout.MagicPosition + 1) * 8; bit++)
        {
            if (batches == 1 && bit / 8 is >= RecordBatchLayout.PartitionLeaderEpochPosition and < RecordBatchLayout.PartitionLeaderEpochPosition + 4)
            {
                continue; // Kafka's epoch file has no checksum either: of two that differ, nobody knows which is right
            }

            foreach (bool isClean in (bool[])[false, true])
            {
                SimulatedStorageDevice damaged = device.Copy();
                damaged.FlipBit(path, (last * 8L) + bit);
                using var rig = new StorageRig(damaged, options, clean: isClean && end == "closed");
                List<(long From, long To)> lost = DamageRig.Survey(rig.Log);
                string what = $"bit {bit}, {isClean}: lost [{string.Join(", ", lost)}], ends at {rig.Log.LogEndOffset}, cut {rig.Log.Recovery.CutBytes}";
                if (rig.Log.LogEndOffset != next || lost is not [var one] || one != (offset, next) || rig.Log.Damage.Count != 1)
                {
                    wrong.Add(what);
                }
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    /// <summary>The scan of a closed log begins at an index entry near its end: nothing before it proves where that batch begins.</summary>
    [Theory]
    [InlineData("closed", false)]
    [InlineData("closed", true)]
    [InlineData("checkpointed", false)]
    [InlineData("checkpointed", true)]
    [InlineData("dropped", false)]
    [InlineData("dropped", true)]
    public void Neither_is_one_of_the_batches_before_it_served_wrong_or_cut(string end, bool isCompacted)
    {
        foreach (int interval in (int[])[100, 1000])
        {
            LogOptions options = DamageRig.Options with { Compacted = isCompacted, IndexIntervalBytes = interval };
            SimulatedStorageDevice device = Written(options, end, batches: 30);
            string path = DamageRig.Logs(device)[^1];
            byte[] log = device.Content(path);
            LastPosition(log, out _, out long next);
            List<int> positions = [];
            for (int at = 0; at < log.Length && log[at + RecordBatchLayout.MagicPosition] == 2;)
            {
                positions.Add(at);
                at += BinaryPrimitives.ReadInt32BigEndian(log.AsSpan(at + 8)) + 12;
            }

            foreach (int position in positions.TakeLast(7).SkipLast(1))
            {
                (long from, long to) = DamageRig.BatchAt(log, position);
                for (int bit = 0; bit < 17 * 8; bit++)
                {
                    SimulatedStorageDevice damaged = device.Copy();
                    damaged.FlipBit(path, (position * 8L) + bit);
                    using var rig = new StorageRig(damaged, options);
                    List<(long From, long To)> lost = DamageRig.Survey(rig.Log);
                    string what = $"bit {bit} of the batch at {from}: lost [{string.Join(", ", lost)}], cut {rig.Log.Recovery.CutBytes}";
                    Assert.True(rig.Log.LogEndOffset == next && rig.Log.Recovery.CutBytes == 0 && lost is [var one]
                        && one.From <= from && one.To >= to && (isCompacted || one == (from, to)), what);
                }
            }
        }
    }

    private static SimulatedStorageDevice Written(LogOptions options, string end, int batches)
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        using var rig = new StorageRig(device, options);
        DamageRig.Fill(rig, batches);
        if (end == "closed")
        {
            rig.Log.CloseAsync().GetAwaiter().GetResult();
        }
        else if (end == "checkpointed")
        {
            rig.Log.Maintain(rig.Time.GetUtcNow());
        }

        return device;
    }

    private static int LastPosition(byte[] log, out long offset, out long next)
    {
        int last = 0;
        for (int at = 0; at < log.Length && log[at + RecordBatchLayout.MagicPosition] == 2;)
        {
            last = at;
            at += BinaryPrimitives.ReadInt32BigEndian(log.AsSpan(at + 8)) + 12;
        }

        var view = new RecordBatchView(log.AsSpan(last));
        (offset, next) = (view.BaseOffset, view.NextOffset);
        return last;
    }
}
