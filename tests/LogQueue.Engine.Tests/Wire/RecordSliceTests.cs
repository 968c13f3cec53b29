using LogQueue.Wire;
using Microsoft.Win32.SafeHandles;

namespace LogQueue.Engine.Tests.Wire;

public sealed class RecordSliceTests
{
    [Fact]
    public void The_default_is_a_run_of_no_bytes()
    {
        RecordSlice none = default;
        none.CopyTo([]);
        none.Dispose();
        Assert.True(none.IsEmpty);
        Assert.False(none.TryGetFile(out SafeFileHandle _, out _));
        Assert.Equal(0, new RecordSet(none).LengthBytes);
        Assert.False(new RecordSet(none).IsNull);
    }

    [Fact]
    public void It_copies_its_run_and_ends_its_lease()
    {
        var lender = new Lender();
        var slice = new RecordSlice(lender, 7, 100, 3);
        byte[] copy = new byte[5];
        slice.CopyTo(copy);
        Assert.Equal([100, 101, 102, 0, 0], copy);
        Assert.Throws<ArgumentException>(() => slice.CopyTo(new byte[2]));
        slice.Dispose();
        Assert.Equal([7], lender.Ended);
    }

    private sealed class Lender : IRecordLender
    {
        public List<long> Ended { get; } = [];

        public bool TryGetFile(long lease, out SafeFileHandle file)
        {
            file = null!;
            return false;
        }

        public void CopyTo(long lease, long position, Span<byte> destination)
        {
            for (int i = 0; i < destination.Length; i++)
            {
                destination[i] = (byte)(position + i);
            }
        }

        public void End(long lease) => Ended.Add(lease);
    }
}
