using System.Text;
using LogQueue.Storage.Compaction;

namespace LogQueue.Engine.Tests.Storage.Compaction;

public sealed class KeyOffsetMapTests
{
    [Fact]
    public void It_is_a_dictionary_until_it_is_full_and_says_so()
    {
        var map = new KeyOffsetMap(100 * KeyOffsetMap.EntryBytes);
        map.Reset(long.MaxValue / 4, seed: 3);
        var model = new Dictionary<string, long>();
        var random = new Random(1);
        bool wasFull = false;
        for (int offset = 0; offset < 2000; offset++)
        {
            string key = $"key {random.Next(150)}";
            bool isTaken = map.TryPut(Encoding.UTF8.GetBytes(key), offset);
            Assert.Equal(model.ContainsKey(key) || model.Count < 90, isTaken);
            wasFull |= !isTaken;
            if (isTaken)
            {
                model[key] = offset;
            }
        }

        Assert.True(wasFull);
        Assert.Equal(90, map.Count);
        Assert.InRange(map.AllocatedBytes, 1, 100 * KeyOffsetMap.EntryBytes);
        for (int i = 0; i < 150; i++)
        {
            Assert.Equal(model.GetValueOrDefault($"key {i}", -1), map.Find(Encoding.UTF8.GetBytes($"key {i}")));
        }
    }

    [Fact]
    public void A_pass_starts_empty_and_takes_no_more_than_it_can_need()
    {
        var map = new KeyOffsetMap(1 << 30);
        Assert.Equal(0, map.AllocatedBytes);
        map.Reset(1000, seed: 1);
        Assert.InRange(map.AllocatedBytes, 1000 * KeyOffsetMap.EntryBytes, 1200 * KeyOffsetMap.EntryBytes);
        for (int i = 0; i < 1000; i++)
        {
            Assert.True(map.TryPut(BitConverter.GetBytes(i), i));
        }

        map.Reset(10, seed: 2);
        Assert.Equal(0, map.Count);
        Assert.Equal(-1, map.Find(BitConverter.GetBytes(1)));
        Assert.True(map.TryPut([], 0)); // an empty key is a key
        Assert.Equal(0, map.Find([]));
        map.Release();
        Assert.Equal(0, map.AllocatedBytes);
    }

    [Fact]
    public void The_smallest_table_takes_one_key()
    {
        var map = new KeyOffsetMap(0);
        map.Reset(1000, seed: 1);
        Assert.True(map.TryPut("a"u8, 1));
        Assert.True(map.TryPut("a"u8, 2));
        Assert.False(map.TryPut("b"u8, 3));
        Assert.Equal(2, map.Find("a"u8));
        Assert.Equal(-1, map.Find("b"u8));
    }
}
