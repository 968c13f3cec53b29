using LogQueue.Storage;
using LogQueue.Storage.Files;

namespace LogQueue.Engine.Tests.Storage.Files;

public sealed class ErrnoTests
{
    [Theory]
    [InlineData(1, StorageError.Permission)]
    [InlineData(13, StorageError.Permission)]
    [InlineData(2, StorageError.NotFound)]
    [InlineData(5, StorageError.InputOutput)]
    [InlineData(11, StorageError.Locked)]
    [InlineData(35, StorageError.Locked)]
    [InlineData(17, StorageError.Exists)]
    [InlineData(23, StorageError.TooManyFiles)]
    [InlineData(24, StorageError.TooManyFiles)]
    [InlineData(28, StorageError.NoSpace)]
    [InlineData(122, StorageError.NoSpace)]
    [InlineData(69, StorageError.NoSpace)]
    [InlineData(30, StorageError.ReadOnly)]
    [InlineData(22, StorageError.Other)]
    internal void Numbers_have_kinds_and_messages(int errno, StorageError expected)
    {
        StorageException e = Errno.ToException(errno, "fsync", "/x/y");
        Assert.Equal(expected, e.Error);
        Assert.Contains("/x/y", e.Message, StringComparison.Ordinal);
        Assert.Contains("fsync", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Exceptions_of_the_runtime_have_kinds()
    {
        Assert.Equal(StorageError.NotFound, Errno.ToException(new FileNotFoundException(), "open", "x").Error);
        Assert.Equal(StorageError.NotFound, Errno.ToException(new DirectoryNotFoundException(), "open", "x").Error);
        Assert.Equal(StorageError.Permission, Errno.ToException(new UnauthorizedAccessException(), "open", "x").Error);
        Assert.Equal(StorageError.NoSpace, Errno.ToException(new IOException("full", 28), "pwrite", "x").Error);
        Assert.Equal(StorageError.Other, Errno.ToException(new NotSupportedException(), "open", "x").Error);
    }
}
