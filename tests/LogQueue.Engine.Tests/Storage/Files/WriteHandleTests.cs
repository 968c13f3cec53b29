using System.Buffers.Binary;
using LogQueue.Storage;
using LogQueue.Storage.Files;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Files;

public sealed class WriteHandleTests
{
    private readonly SimulatedStorageDevice _device = new("/data");
    private readonly List<Exception> _failures = [];
    private readonly LeaseBudget _budget;

    public WriteHandleTests() => _budget = new LeaseBudget(4) { SyncFailed = _failures.Add };

    [Fact]
    public void A_file_stays_open_from_its_first_write_to_the_sync_and_opens_again_for_the_next()
    {
        WriteHandle handle = New("/data/x");
        Assert.Equal((false, 0), (handle.IsUnsynced, _device.OpenFiles));
        Write(handle, 0, 1);
        Write(handle, 1, 2);
        Assert.True(handle.IsUnsynced);
        _budget.CloseIdle();
        Assert.Equal((1, 1), (_device.OpenFiles, _budget.UnsyncedCount));

        handle.Sync();

        Assert.False(handle.IsUnsynced);
        Assert.Equal((1, 0), (_device.OpenFiles, _budget.UnsyncedCount));
        _budget.CloseIdle();
        Assert.Equal(0, _device.OpenFiles);
        long syncs = _device.Syncs;
        handle.Sync();
        Assert.Equal(syncs, _device.Syncs); // nothing to sync, and no file opened for it
        Write(handle, 2, 3);
        Assert.Equal([1, 2, 3], _device.Content("/data/x"));
        handle.Close();
        handle.Close();
        handle.File.Retire();
        Assert.Equal((0, 0), (_device.OpenFiles, _budget.UnsyncedCount));
        Assert.Throws<InvalidOperationException>(handle.Begin);
    }

    [Fact]
    public void Pages_that_could_not_be_written_are_told_to_the_handle_that_wrote_them()
    {
        WriteHandle handle = New("/data/x");
        Write(handle, 0, 1);
        SimulatedStorageFile.FailWriteBack(_device, "/data/x");
        _budget.CloseIdle();

        StorageException e = Assert.Throws<StorageException>(handle.Sync);

        Assert.Equal(StorageError.InputOutput, e.Error);
        Assert.True(handle.IsUnsynced);
        using IStorageFile later = _device.Open("/data/x", StorageOpenMode.ReadWrite);
        later.DataSync(); // as Linux may do: a handle that is opened afterwards hears nothing
    }

    [Fact]
    public void When_too_many_are_unsynced_the_one_that_waited_longest_is_synced()
    {
        WriteHandle[] handles = [.. Enumerable.Range(0, 4).Select(i => New($"/data/{i}"))];
        Assert.Equal(3, _budget.MostUnsynced);
        foreach (WriteHandle handle in handles.AsSpan(0, 3))
        {
            Write(handle, 0, 7);
        }

        long syncs = _device.Syncs;
        Assert.Equal(3, _budget.UnsyncedCount);
        Write(handles[3], 0, 7);
        Assert.Equal([false, true, true, true], handles.Select(static h => h.IsUnsynced));
        Assert.Equal((3, syncs + 1), (_budget.UnsyncedCount, _device.Syncs));
        Assert.Equal([7], _device.Crash(seed: 5).Content("/data/0"));
    }

    [Fact]
    public void A_sync_that_fails_while_room_is_made_is_told_to_the_budget_and_the_write_does_not_begin()
    {
        WriteHandle[] handles = [.. Enumerable.Range(0, 4).Select(i => New($"/data/{i}"))];
        foreach (WriteHandle handle in handles.AsSpan(0, 3))
        {
            Write(handle, 0, 7);
        }

        SimulatedStorageFile.FailWriteBack(_device, "/data/0");
        StorageException e = Assert.Throws<StorageException>(handles[3].Begin);
        Assert.Equal("/data/0", e.Path);
        Assert.Same(e, Assert.Single(_failures));
        Assert.False(handles[3].IsUnsynced);
        Assert.Empty(_device.Content("/data/3"));
    }

    [Fact]
    public void What_recovery_did_not_write_is_durable_and_what_it_wrote_is_unsynced()
    {
        WriteHandle read = New("/data/read", isHeld: true);
        WriteHandle cut = New("/data/cut", isHeld: true);
        Write(cut, 0, 1);
        Assert.Equal(0, _budget.UnsyncedCount); // nobody else syncs, and with that closes, what is being recovered
        read.EndRecovery();
        cut.EndRecovery();
        Assert.Equal((false, true, 1), (read.IsUnsynced, cut.IsUnsynced, _budget.UnsyncedCount));
        read.Close();
        cut.Close();
        read.File.Retire();
        cut.File.Retire();
        Assert.Equal((0, 0), (_device.OpenFiles, _budget.UnsyncedCount));
    }

    [Theory]
    [InlineData(StorageError.ReadOnly)]
    [InlineData(StorageError.Permission)]
    public void A_file_that_may_no_longer_be_written_is_read_on(StorageError error)
    {
        WriteHandle handle = New("/data/x");
        Write(handle, 0, 9);
        handle.Sync();
        _budget.CloseIdle();
        handle.File.Mode = StorageOpenMode.OpenOrCreate; // on this disk told from an opening for reading by its verb
        _device.Fault = o => o.Kind == "create" ? new SimulatedFault(error) : null;
        Assert.True(handle.File.TryAcquire());
        byte[] read = new byte[1];
        Assert.Equal((1, 9), (handle.File.File.Read(0, read), read[0]));

        Assert.Equal(error, Assert.Throws<StorageException>(handle.Begin).Error);

        handle.File.Release();
        Assert.False(handle.IsUnsynced);
        _budget.CloseIdle(); // and when it may be written again, that needs no new handle object
        _device.Fault = null;
        Write(handle, 1, 10);
        Assert.Equal([9, 10], _device.Content("/data/x"));
    }

    [Fact]
    public void Without_a_file_handle_nothing_is_written_and_the_next_write_tries_again()
    {
        WriteHandle handle = New("/data/x");
        _device.Fault = static o => o.Kind is "open" or "create" ? new SimulatedFault(StorageError.TooManyFiles) : null;
        Assert.Equal(StorageError.TooManyFiles, Assert.Throws<StorageException>(handle.Begin).Error);
        Assert.Equal((false, 0), (handle.IsUnsynced, _budget.UnsyncedCount));
        _device.Fault = null;
        Write(handle, 0, 1);
        handle.Sync();
        Assert.False(handle.IsUnsynced); // the refused write does not count as one that runs
    }

    /// <summary>One writes and wants its bytes durable, others sync, write and close at the same time.</summary>
    [Fact]
    public async Task A_sync_never_takes_a_file_for_clean_that_is_being_written()
    {
        var budget = new LeaseBudget(2);
        WriteHandle[] handles = [.. Enumerable.Range(0, 3).Select(i => New($"/data/{i}", budget: budget))];
        using var stop = new CancellationTokenSource();
        Task[] others = [.. Enumerable.Range(0, 2).Select(_ => Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                Array.ForEach(handles, static h => h.Sync());
                budget.CloseIdle();
            }
        }))];
        await Task.WhenAll(handles.Select((handle, i) => Task.Run(() =>
        {
            Span<byte> bytes = stackalloc byte[8];
            for (long n = 1; n <= 3_000; n++)
            {
                BinaryPrimitives.WriteInt64LittleEndian(bytes, n);
                IStorageFile file = handle.Begin();
                file.Write(0, bytes);
                handle.Done();
                handle.Sync();
                if (n % 100 == 0)
                {
                    Assert.Equal(n, BinaryPrimitives.ReadInt64LittleEndian(_device.Crash((int)n).Content($"/data/{i}")));
                }
            }
        }))).WaitAsync(TimeSpan.FromSeconds(60));
        await stop.CancelAsync();
        await Task.WhenAll(others);
        Assert.Equal(0, budget.UnsyncedCount);
    }

    [Fact]
    public void A_sync_speaks_only_for_writes_that_ended_before_it()
    {
        WriteHandle handle = New("/data/x");
        Write(handle, 0, 1);
        IStorageFile file = handle.Begin();
        handle.Sync(); // while a write runs
        Assert.True(handle.IsUnsynced);
        file.Write(1, [2]);
        handle.Done();
        _budget.CloseIdle();
        Assert.Equal((1, 1), (_device.OpenFiles, _budget.UnsyncedCount)); // its handle must hear of an error

        _device.Fault = o =>
        {
            if (o.Kind == "sync")
            {
                _device.Fault = null;
                Write(handle, 2, 3); // begins and ends while the sync runs
            }

            return null;
        };
        handle.Sync();
        Assert.True(handle.IsUnsynced);
        handle.Sync();
        Assert.Equal((false, 0), (handle.IsUnsynced, _budget.UnsyncedCount));
    }

    private static void Write(WriteHandle handle, long position, byte value)
    {
        IStorageFile file = handle.Begin();
        file.Write(position, [value]);
        handle.Done();
    }

    private WriteHandle New(string path, bool isHeld = false, LeaseBudget? budget = null)
    {
        IStorageFile file = _device.Open(path, StorageOpenMode.CreateNew);
        _device.SyncDirectory("/data");
        if (!isHeld)
        {
            file.Dispose();
        }

        budget ??= _budget;
        return new WriteHandle(
            new LeasedFile(_device, path, budget, isHeld ? file : null) { Mode = StorageOpenMode.ReadWrite }, budget, isHeld);
    }
}
