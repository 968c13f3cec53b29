using LogQueue.Storage;
using LogQueue.Storage.Files;

namespace LogQueue.Engine.Tests.Storage.Files;

public sealed class FenceRuleTests
{
    [Theory]
    [InlineData("pwrite", StorageError.NoSpace, false)]
    [InlineData("posix_fallocate", StorageError.NoSpace, false)]
    [InlineData("open", StorageError.TooManyFiles, false)]
    [InlineData("pwrite", StorageError.ShortWrite, false)]
    [InlineData("pwrite", StorageError.OutOfMemory, false)]
    [InlineData("pwrite", StorageError.InputOutput, true)]
    [InlineData("pwrite", StorageError.ReadOnly, true)]
    [InlineData("open", StorageError.Permission, true)]
    [InlineData("open", StorageError.NotFound, true)]
    [InlineData("pwrite", StorageError.Other, true)]
    [InlineData("fdatasync", StorageError.NoSpace, true)]
    [InlineData("fsync", StorageError.OutOfMemory, true)]
    [InlineData("ftruncate", StorageError.NoSpace, true)]
    public void A_failed_sync_or_cut_is_final_and_a_want_of_room_is_not(string operation, StorageError error, bool isFinal) =>
        Assert.Equal(isFinal, FenceRule.IsFinal(new StorageException(error, operation, "/data/x", "test")));
}
