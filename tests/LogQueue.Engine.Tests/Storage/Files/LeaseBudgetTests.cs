using LogQueue.Storage.Files;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Files;

public sealed class LeaseBudgetTests
{
    private readonly SimulatedStorageDevice _device = new("/data");

    [Fact]
    public void Idle_files_are_closed_and_leased_ones_never()
    {
        var budget = new LeaseBudget(3);
        LeasedFile[] files = [.. Enumerable.Range(0, 10).Select(i => New(budget, $"/data/{i}"))];
        Assert.True(files[0].TryAcquire());
        foreach (LeasedFile file in files)
        {
            Assert.True(file.TryAcquire());
            Assert.Equal(0, file.File.Length);
            file.Release();
        }

        Assert.InRange(_device.OpenFiles, 1, 4);
        Assert.Equal(0, files[0].File.Length);
        files[0].Release();
    }

    [Fact]
    public void What_follows_retirement_waits_for_the_last_lease()
    {
        LeasedFile file = New(new LeaseBudget(3), "/data/x");
        Assert.True(file.TryAcquire());
        Assert.True(file.TryAcquire());
        bool done = false;
        file.Retire(() => done = true);
        Assert.False(file.TryAcquire());
        file.Release();
        Assert.False(done);
        file.Release();
        Assert.True(done);
        Assert.Equal(0, _device.OpenFiles);
        Assert.Throws<InvalidOperationException>(file.Release);
    }

    [Fact]
    public async Task Many_threads_never_meet_a_closed_file()
    {
        var budget = new LeaseBudget(2);
        LeasedFile[] files = [.. Enumerable.Range(0, 6).Select(i => New(budget, $"/data/{i}"))];
        await Task.WhenAll(Enumerable.Range(0, 4).Select(t => Task.Run(() =>
        {
            var random = new Random(t);
            for (int i = 0; i < 5000; i++)
            {
                LeasedFile file = files[random.Next(files.Length)];
                Assert.True(file.TryAcquire());
                Assert.Equal(0, file.File.Length);
                file.Release();
            }
        }))).WaitAsync(TimeSpan.FromSeconds(20));
        Assert.All(files, static f => Assert.Equal(0, f.Leases));
    }

    [Fact]
    public void Where_the_system_refuses_more_the_open_ones_are_the_most()
    {
        var budget = new LeaseBudget(4);
        LeasedFile[] files = [.. Enumerable.Range(0, 3).Select(i => New(budget, $"/data/{i}"))];
        Use(files[0]);
        Use(files[1]);
        budget.LimitToOpen();
        Use(files[2]);
        Assert.Equal((2, 2, 2), (budget.Most, budget.OpenCount, _device.OpenFiles));
        budget.LimitToOpen();
        Assert.Equal(2, budget.Most);

        static void Use(LeasedFile file)
        {
            Assert.True(file.TryAcquire());
            file.Release();
        }
    }

    [Fact]
    public async Task What_runs_while_closed_waits_for_leases_and_lets_nobody_in()
    {
        var budget = new LeaseBudget(4);
        LeasedFile file = New(budget, "/data/x");
        Assert.True(file.TryAcquire());
        bool ran = false;
        Task running = Task.Run(() => file.WhileClosed(() =>
        {
            Assert.Equal(0, _device.OpenFiles);
            ran = true;
        }));
        while (file.TryAcquire())
        {
            file.Release();
            await Task.Yield(); // until it waits, others may come; then no longer
        }

        Assert.False(ran);
        file.Release();
        await running.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal((true, 0), (ran, budget.OpenCount));
        Assert.Throws<InvalidDataException>(() => file.WhileClosed(static () => throw new InvalidDataException()));
        Assert.True(file.TryAcquire()); // open again for everybody
        file.Release();
        file.Retire();
        Assert.Equal(0, _device.OpenFiles);
    }

    private LeasedFile New(LeaseBudget budget, string path)
    {
        _device.Open(path, StorageOpenMode.CreateNew).Dispose();
        return new LeasedFile(_device, path, budget);
    }

    [Fact]
    public void What_is_used_without_a_lease_says_which_file()
    {
        _device.Open("/data/x", StorageOpenMode.CreateNew).Dispose();
        var file = new LeasedFile(_device, "/data/x", new LeaseBudget(1));
        var map = new LeasedMap(_device, "/data/x", new LeaseBudget(1));
        Assert.Contains("'/data/x' is used without a lease", Assert.Throws<InvalidOperationException>(() => file.File).Message, StringComparison.Ordinal);
        Assert.Contains("'/data/x' is used without a lease", Assert.Throws<InvalidOperationException>(() => map.Span.Length).Message, StringComparison.Ordinal);
        Assert.True(file.TryAcquire() && map.TryAcquire());
        Assert.Equal(0, file.File.Length + map.Span.Length);
        file.Release();
        map.Release();
        file.Retire();
        map.Retire();
        Assert.Throws<InvalidOperationException>(() => file.File);
        Assert.Throws<InvalidOperationException>(() => map.Span.Length);
        Assert.Equal(0, _device.OpenFiles);
    }
}
