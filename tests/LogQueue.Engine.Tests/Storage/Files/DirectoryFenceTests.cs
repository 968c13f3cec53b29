using LogQueue.Storage.Files;

namespace LogQueue.Engine.Tests.Storage.Files;

public sealed class DirectoryFenceTests
{
    [Fact]
    public async Task The_first_cause_is_kept_and_told()
    {
        var fence = new DirectoryFence();
        Assert.False(fence.IsTripped);
        Assert.Null(fence.Offline().InnerException);
        var first = new IOException("the disk is gone");
        fence.Trip(first);
        fence.Trip(new IOException("and more"));
        Assert.True(fence.IsTripped);
        Assert.Same(first, await fence.Tripped);
        Assert.Same(first, fence.Offline().InnerException);
        Assert.Contains("the disk is gone", fence.Offline().Message, StringComparison.Ordinal);
        Assert.Contains("restart to recover", fence.Offline().Message, StringComparison.Ordinal);
    }
}
