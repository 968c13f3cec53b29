using System.Diagnostics;
using LogQueue.Cli;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.Server.Tests.Crash;
using LogQueue.Server.Tests.Server;
using LogQueue.TestKit;

namespace LogQueue.Server.Tests.Disk;

/// <summary>The real executable on a disk whose system calls fail. Needs a C compiler.</summary>
[Collection(nameof(LoopDisk))]
public sealed class FailingDiskTests : IDisposable
{
    private const int Eio = 5;
    private const int Enfile = 23;
    private const int Emfile = 24;
    private const int Enospc = 28;
    private const int Erofs = 30;
    private const int Edquot = 122;

    private static readonly TimeSpan ResumeLimit = TimeSpan.FromSeconds(5);
    private readonly string _directory = Directory.CreateTempSubdirectory("logqueue-failing-").FullName;

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory(Timeout = 60_000)]
    [InlineData("fdatasync", Eio, 0)]
    [InlineData("fdatasync", Eio, 1)]
    [InlineData("fdatasync", Eio, 40)]
    [InlineData("fdatasync", Enospc, 3)]
    [InlineData("fdatasync", Edquot, 2)]
    [InlineData("pwrite", Eio, 5)]
    [InlineData("pwrite", Erofs, 2)]
    public async Task A_final_failure_ends_the_process_and_nothing_acknowledged_is_lost(string call, int errno, int good)
    {
        using DiskShim shim = DiskShim.For(_directory);
        await using ServeProcess serve = await StartAsync(shim);
        await DiskCalls.CreateTopicAsync(serve.Port);
        await using WireConnection connection = await DiskCalls.ConnectAsync(serve.Port);
        for (int i = 0; i < good; i++)
        {
            Assert.Equal(i, (await DiskCalls.ProduceAsync(connection, i)).Offset);
        }

        shim.Order(call, errno);
        int acknowledged = await CountAcknowledgedAsync(connection, good, sent: 5);
        Assert.Equal(0, acknowledged);

        (int exitCode, string rest, _) = await serve.FinishAsync();
        Assert.Equal(ExitCode.Failed, exitCode);
        Assert.Single(rest.TrimEnd().Split('\n'));
        Assert.Contains("the data directory failed", serve.Failure, StringComparison.Ordinal);
        Assert.Contains(_directory, serve.Failure, StringComparison.Ordinal);
        List<long> found = await DiskCalls.ReadAllAsync(_directory);
        Assert.InRange(found.Count, good, good + 5);
        Assert.Equal(Enumerable.Range(0, found.Count).Select(static i => (long)i), found);
    }

    [Theory(Timeout = 60_000)]
    [InlineData("pwrite", Enospc, false)]
    [InlineData("pwrite", Enospc, true)]
    [InlineData("pwrite", Edquot, false)]
    [InlineData("fallocate", Enospc, false)]
    [InlineData("create", Emfile, false)]
    [InlineData("create", Enfile, false)]
    public async Task A_passing_failure_refuses_produce_alone_and_is_over_when_its_cause_is(string call, int errno, bool isShort)
    {
        const int Large = 300_000; // the first batches fill what was allocated, later ones grow the file and roll it
        using DiskShim shim = DiskShim.For(_directory);
        await using ServeProcess serve = await StartAsync(shim);
        await DiskCalls.CreateTopicAsync(serve.Port);
        await using WireConnection connection = await DiskCalls.ConnectAsync(serve.Port);
        var kept = new List<long>();
        long tag = 0;
        for (; tag < 2; tag++)
        {
            Assert.Equal(tag, (await DiskCalls.ProduceAsync(connection, tag, Large)).Offset);
            kept.Add(tag);
        }

        shim.Order(call, errno, isShort: isShort);
        int refused = 0;
        for (int i = 0; i < 20 && refused < 3; i++, tag++)
        {
            (long offset, ErrorCode error, string? message) = await DiskCalls.ProduceAsync(connection, tag, Large);
            if (error == ErrorCode.None)
            {
                Assert.Equal(kept.Count, offset);
                kept.Add(tag);
            }
            else
            {
                refused++;
                Assert.Equal(ErrorCode.KafkaStorageError, error);
                Assert.Contains(_directory, message, StringComparison.Ordinal);
                (ErrorCode fetched, int bytes) = await DiskCalls.FetchAsync(connection);
                Assert.Equal(ErrorCode.None, fetched);
                Assert.InRange(bytes, Large, int.MaxValue);
            }
        }

        Assert.Equal(3, refused);
        shim.Heal();
        await ResumeAsync(connection, tag, Large, kept);
        await serve.SignalAsync("TERM");
        Assert.Equal(ExitCode.Ok, (await serve.FinishAsync()).ExitCode);
        Assert.Equal(kept, await DiskCalls.ReadAllAsync(_directory));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_system_that_hides_sync_errors_is_refused_at_the_start()
    {
        using DiskShim shim = DiskShim.For(_directory);
        await using ServeProcess serve = ServeProcess.StartWith(
            new Dictionary<string, string>(shim.Environment) { ["DISK_SHIM_LIE"] = "1" }, "serve", "--port", "0", "--data", _directory);
        (int exitCode, string output, string errors) = await serve.FinishAsync();

        Assert.Equal(ExitCode.Failed, exitCode);
        Assert.Empty(output);
        Assert.Contains("sync errors are not seen on this system", Assert.Single(errors.Split('\n')), StringComparison.Ordinal);
    }

    [Theory(Timeout = 120_000)]
    [InlineData("fdatasync")]
    [InlineData("fsync")]
    public async Task A_sync_that_fails_while_it_starts_ends_the_start_and_the_next_one_finds_everything(string call)
    {
        using DiskShim shim = DiskShim.For(_directory);
        var kept = new List<long>();
        foreach (int k in (int[])[1, 2, 3, 5])
        {
            await using (ServeProcess good = await StartAsync(null))
            {
                if (kept.Count == 0)
                {
                    await DiskCalls.CreateTopicAsync(good.Port);
                }

                await using WireConnection connection = await DiskCalls.ConnectAsync(good.Port);
                for (int i = 0; i < 5; i++)
                {
                    Assert.Equal(kept.Count, (await DiskCalls.ProduceAsync(connection, kept.Count)).Offset);
                    kept.Add(kept.Count);
                }

                await good.KillAsync(); // something is left to recover
            }

            shim.Order(call, Eio, first: k);
            await using ServeProcess failing = ServeProcess.StartWith(
                shim.Environment, "serve", "--port", "0", "--data", _directory, "--output", "json");
            if (!await failing.TryWaitReadyAsync())
            {
                (int exitCode, _, _) = await failing.FinishAsync();
                Assert.Equal(ExitCode.Failed, exitCode);
                Assert.Contains(_directory, failing.Failure, StringComparison.Ordinal);
            }

            shim.Heal();
        }

        Assert.Equal(kept, await DiskCalls.ReadAllAsync(_directory));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_slow_sync_is_said_while_it_runs_and_acknowledged_when_it_has_ended()
    {
        using DiskShim shim = DiskShim.For(_directory);
        await using ServeProcess serve = await StartAsync(shim);
        await DiskCalls.CreateTopicAsync(serve.Port);
        await using WireConnection connection = await DiskCalls.ConnectAsync(serve.Port);
        shim.Order("fdatasync", 0, delayMs: 2500);

        Assert.Equal(0, (await DiskCalls.ProduceAsync(connection, 0)).Offset);

        Assert.Contains("WARNING Engine: A sync of '" + _directory + "' has been running for", serve.Errors, StringComparison.Ordinal);
    }

    private static async Task ResumeAsync(WireConnection connection, long tag, int valueBytes, List<long> kept)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            (long offset, ErrorCode error, string? message) = await DiskCalls.ProduceAsync(connection, tag, valueBytes);
            if (error == ErrorCode.None)
            {
                Assert.Equal(kept.Count, offset);
                kept.Add(tag);
                return;
            }

            Assert.True(clock.Elapsed < ResumeLimit, $"the cause is gone for {clock.Elapsed.TotalSeconds:0.0} s, and still: {error} {message}");
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Sends records one behind the other; how many of them were acknowledged before the broker ended.</summary>
    private static async Task<int> CountAcknowledgedAsync(WireConnection connection, int firstTag, int sent)
    {
        int acknowledged = 0;
        try
        {
            var waiting = new Queue<int>();
            for (int i = 0; i < sent; i++)
            {
                waiting.Enqueue(await connection.SendAsync(
                    WireCalls.Produce(DiskCalls.Topic, 0, DiskCalls.Batch(firstTag + i)), WireCalls.ProduceNewest));
            }

            while (waiting.TryDequeue(out int id))
            {
                ProduceResponse answer = await connection.ReceiveAsync<ProduceResponse>(WireCalls.ProduceNewest, id);
                ErrorCode error = Assert.Single(Assert.Single(answer.Responses).PartitionResponses).ErrorCode;
                Assert.True(error is ErrorCode.None or ErrorCode.KafkaStorageError, $"{error}");
                acknowledged += error == ErrorCode.None ? 1 : 0;
            }
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException)
        {
            // The broker has ended.
        }

        return acknowledged;
    }

    private async Task<ServeProcess> StartAsync(DiskShim? shim)
    {
        ServeProcess serve = ServeProcess.StartWith(
            shim?.Environment, "serve", "--port", "0", "--data", _directory, "--output", "json", "--set", "logqueue.disk.min.free.bytes=0");
        await serve.WaitReadyAsync();
        return serve;
    }
}
