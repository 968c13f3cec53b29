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
