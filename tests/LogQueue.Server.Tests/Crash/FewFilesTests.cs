using System.Diagnostics;
using System.Net.Sockets;
using LogQueue.Cli;
using LogQueue.Client;
using LogQueue.Engine;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.Server.Tests.Disk;
using LogQueue.Server.Tests.Server;
using LogQueue.TestKit;
using LogQueue.Wire;

namespace LogQueue.Server.Tests.Crash;

/// <summary>
/// The real executable with few open files: the runtime itself dies where it cannot open what it needs, so it must never come to that.
/// </summary>
[Collection(nameof(LoopDisk))]
public sealed class FewFilesTests(ITestOutputHelper output) : IDisposable
{
    private const string Topic = "many";
    private const int Connections = 400;
    private const int PartitionsPerRequest = 25;

    private readonly string _directory = Directory.CreateTempSubdirectory("logqueue-few-files-").FullName;
    private readonly int _partitions = Environment.GetEnvironmentVariable("LOGQUEUE_LONG") == "1" ? 5_000 : 2_000;

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact(Timeout = 300_000)]
    public async Task With_512_files_many_partitions_and_connections_are_served_or_refused_and_nothing_acknowledged_is_lost()
    {
        if (!OperatingSystem.IsLinux() && !OperatingSystem.IsMacOS())
        {
            Assert.Skip("ulimit is a Unix shell's");
        }

        await using ServeProcess serve = ServeProcess.StartAfter(
            "ulimit -n 512", "serve", "--port", "0", "--data", _directory, "--output", "json", "--set", "offsets.topic.num.partitions=1");
        await serve.WaitReadyAsync();
        await using (LogQueueClient client = LogQueueClient.Connect($"127.0.0.1:{serve.Port}"))
        {
            await client.Admin.CreateTopicAsync(Topic, _partitions, cancellationToken: TestContext.Current.CancellationToken);
        }

        int[] acknowledged = new int[_partitions];
        var clock = Stopwatch.StartNew();
        await using WireConnection first = await DiskCalls.ConnectAsync(serve.Port);
        await using WireConnection second = await DiskCalls.ConnectAsync(serve.Port);
        Task<int> produced = ProduceToAllAsync([first, second], acknowledged);
        List<WireConnection> many = [];
        int served = 0;
        for (int i = 0; i < Connections; i++)
        {
            many.Add(await DiskCalls.ConnectAsync(serve.Port));
            served += await IsServedAsync(many[^1]) ? 1 : 0;
        }

        int refusals = await produced;
        Assert.InRange(served, 20, Connections / 2); // a part is kept for them, and not more than that
        Assert.All(acknowledged, static count => Assert.Equal(1, count));

        foreach (WireConnection connection in many)
        {
            await connection.DisposeAsync();
        }

        output.WriteLine($"{served} of {Connections} connections, {_partitions} partitions in {clock.Elapsed.TotalSeconds:0.0} s, "
            + $"{refusals} partitions refused and tried again");
        await WaitForConnectionAsync(serve.Port);
        await using WireConnection later = await DiskCalls.ConnectAsync(serve.Port);
        refusals = await ProduceToAllAsync([later], acknowledged, count: 200);
        Assert.Equal(0, refusals);

        await serve.SignalAsync("TERM");
        Assert.Equal(ExitCode.Ok, (await serve.FinishAsync()).ExitCode);
        Assert.Contains("This process may have only 512 files open", serve.Errors, StringComparison.Ordinal);
        Assert.Contains("the limit of 512 open files leaves room for no more", serve.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("Unhandled", serve.Errors, StringComparison.OrdinalIgnoreCase);
        await AssertHoldsAsync(acknowledged);
    }

    /// <summary>One record for each partition, tried again where it is refused; the number of refusals, all of which must be clear ones.</summary>
    private static async Task<int> ProduceToAllAsync(WireConnection[] connections, int[] acknowledged, int count = int.MaxValue)
    {
        var open = new Queue<int>(Enumerable.Range(0, Math.Min(count, acknowledged.Length)));
        int refusals = 0;
        var clock = Stopwatch.StartNew();
        while (open.Count > 0)
        {
            List<Task<ProduceResponse>> calls = [];
            foreach (WireConnection connection in connections)
            {
                int[] some = [.. Enumerable.Range(0, Math.Min(PartitionsPerRequest, open.Count)).Select(_ => open.Dequeue())];
                if (some.Length > 0)
                {
                    calls.Add(connection.CallAsync<ProduceRequest, ProduceResponse>(Request(some, acknowledged), WireCalls.ProduceNewest));
                }
            }

            foreach (ProduceResponse response in await Task.WhenAll(calls))
            {
                foreach (ProduceResponse.PartitionProduceResponse answer in Assert.Single(response.Responses).PartitionResponses)
                {
                    if (answer.ErrorCode == ErrorCode.None)
                    {
                        Assert.Equal(acknowledged[answer.Index]++, answer.BaseOffset);
                        continue;
                    }

                    Assert.Equal(ErrorCode.KafkaStorageError, answer.ErrorCode);
                    Assert.Contains("files", answer.ErrorMessage, StringComparison.Ordinal);
                    refusals++;
                    open.Enqueue(answer.Index);
                }
            }

            Assert.True(clock.Elapsed < TimeSpan.FromMinutes(2), $"{open.Count} partitions are still refused");
        }

        return refusals;
    }

    private static ProduceRequest Request(int[] partitions, int[] acknowledged) => new()
    {
        Acks = -1,
        TimeoutMs = 15_000,
        TopicData =
        [
            new ProduceRequest.TopicProduceData
            {
                Name = Topic,
                PartitionData =
                [
                    .. partitions.Select(p => new ProduceRequest.PartitionProduceData
                    {
                        Index = p, Records = new RecordSet(DiskCalls.Batch(TagOf(p, acknowledged[p]))),
                    }),
                ],
            },
        ],
    };

    private static long TagOf(int partition, long offset) => (partition * 10L) + offset;

    /// <summary>True when it answers, false when it is closed at once.</summary>
    private static async Task<bool> IsServedAsync(WireConnection connection)
    {
        try
        {
            _ = await connection.CallAsync<ApiVersionsRequest, ApiVersionsResponse>(new ApiVersionsRequest(), 0);
            return true;
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            return false;
        }
    }

    private static async Task WaitForConnectionAsync(int port)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            await using WireConnection connection = await DiskCalls.ConnectAsync(port);
            if (await IsServedAsync(connection))
            {
                return;
            }

            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(10), "the load is gone, and connections are still refused");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    private async Task AssertHoldsAsync(int[] acknowledged)
    {
        await using LogEngine engine = await LogEngine.OpenAsync(
            new LogEngineOptions { DataDirectory = _directory, DiskMinFreeBytes = 0 }, TestContext.Current.CancellationToken);
        Assert.Empty(engine.Damage);
        foreach (Engine.Partitions.Partition partition in engine.GetTopic(Topic).Partitions)
        {
            int count = acknowledged[partition.Id.Partition];
            Assert.Equal(Enumerable.Range(0, count).Select(i => TagOf(partition.Id.Partition, i)), DiskCalls.ReadAll(partition));
        }
    }
}
