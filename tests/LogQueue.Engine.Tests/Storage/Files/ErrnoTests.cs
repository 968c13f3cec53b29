using LogQueue.Storage;
using LogQueue.Storage.Files;

namespace LogQueue.Engine.Tests.Storage.Files;

public sealed class ErrnoTests
{
    [Theory]
    [InlineData(1, StorageError.Permission)]
    [InlineData(2, StorageError.NotFound)]
    [InlineData(5, StorageError.InputOutput)]
    [InlineData(6, StorageError.InputOutput)]
    [InlineData(11, StorageError.Locked)]
    [InlineData(12, StorageError.OutOfMemory)]
    [InlineData(13, StorageError.Permission)]
    [InlineData(17, StorageError.Exists)]
    [InlineData(19, StorageError.InputOutput)]
    [InlineData(22, StorageError.Other)]
    [InlineData(23, StorageError.TooManyFiles)]
    [InlineData(24, StorageError.TooManyFiles)]
    [InlineData(27, StorageError.NoSpace)]
    [InlineData(28, StorageError.NoSpace)]
    [InlineData(30, StorageError.ReadOnly)]
    [InlineData(117, StorageError.InputOutput)]
    [InlineData(122, StorageError.NoSpace)]
    public void An_error_number_has_its_kind_and_is_told_in_words(int errno, StorageError kind)
    {
        StorageException e = Errno.ToException(errno, "pwrite", "/data/x");
        Assert.Equal(kind, e.Error);
        Assert.Contains("/data/x", e.Message, StringComparison.Ordinal);
        Assert.Contains($"errno {errno}", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Exceptions_of_the_runtime_have_kinds()
    {
        Assert.Equal(StorageError.NotFound, Errno.ToException(new FileNotFoundException(), "open", "x").Error);
        Assert.Equal(StorageError.NotFound, Errno.ToException(new DirectoryNotFoundException(), "open", "x").Error);
        Assert.Equal(StorageError.Permission, Errno.ToException(new UnauthorizedAccessException(), "open", "x").Error);
        Assert.Equal(StorageError.NoSpace, Errno.ToException(new IOException("full", 28), "pwrite", "x").Error);
        Assert.Equal(StorageError.Other, Errno.ToException(new InvalidOperationException(), "open", "x").Error);
    }

    [Fact]
    public void A_file_that_can_no_longer_seek_lies_on_a_file_system_that_has_shut_down() =>
        Assert.Equal(StorageError.InputOutput, Errno.ToException(new NotSupportedException("cannot seek"), "stat", "/data/x").Error);
}
