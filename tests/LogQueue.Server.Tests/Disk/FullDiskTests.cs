using System.Diagnostics;
using LogQueue.Cli;
using LogQueue.Client;
using LogQueue.Engine;
using LogQueue.Engine.Partitions;
using LogQueue.Engine.Topics;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.Server.Tests.Crash;
using LogQueue.Storage;
using LogQueue.TestKit;

namespace LogQueue.Server.Tests.Disk;

/// <summary>Disks of 64 MiB that run full. Needs root.</summary>
[Collection(nameof(LoopDisk))]
public sealed class FullDiskTests(ITestOutputHelper output)
{
    private const long DiskBytes = 64L << 20;
    private static readonly TimeSpan ResumeLimit = TimeSpan.FromSeconds(5);

    /// <summary>The disk is filled to its last block, again and again; 20 times, 200 with LOGQUEUE_LONG=1. LOGQUEUE_SEED repeats a run.</summary>
    [Fact(Timeout = 1_800_000)]
    public async Task A_full_disk_refuses_and_resumes_and_the_log_stays_whole()
    {
        int fills = Environment.GetEnvironmentVariable("LOGQUEUE_LONG") == "1" ? 200 : 20;
        int seed = int.TryParse(Environment.GetEnvironmentVariable("LOGQUEUE_SEED"), out int given) ? given : Environment.TickCount;
        var random = new Random(seed);
        using LoopDisk disk = LoopDisk.Create("ext4", DiskBytes);
        string directory = Path.Combine(disk.Folder, "data");
        string ballast = Path.Combine(disk.Folder, "ballast");
        var kept = new List<long>();
        long start = 0;
        int resumed = 0;
        for (int round = 0; round < fills; round++)
        {
            File.Delete(ballast);
            await using LogEngine engine = await LogEngine.OpenAsync(
                new LogEngineOptions { DataDirectory = directory, DiskMinFreeBytes = 0 }, TestContext.Current.CancellationToken);
            Assert.Empty(engine.Recovery.Damage);
            if (!engine.TryGetTopic(DiskCalls.Topic, out Topic? topic))
            {
                topic = await engine.CreateTopicAsync(
                    DiskCalls.Topic, 1, new Dictionary<string, string> { ["segment.bytes"] = "1048576", ["flush.messages"] = "1" });
            }

            Partition log = topic.Partitions[0];
            Assert.Equal(kept.Count, log.LogEndOffset);
            Assert.Equal(kept[(int)start..], ReadFrom(log));
            Fill(ballast, new DriveInfo(disk.Folder).AvailableFreeSpace - random.Next(0, 5 << 20));
            int refused = 0;
            while (refused < 5)
            {
                int valueBytes = random.Next(100, 400_000);
                AppendResult result = log.Append(DiskCalls.Batch(kept.Count, valueBytes));
                if (result.Status == AppendStatus.Appended)
                {
                    await log.WaitUntilDurableAsync(result.NextOffset);
                    kept.Add(kept.Count);
                    continue;
                }

                refused++;
                Assert.True(result.Status == AppendStatus.DiskFull, $"seed {seed}, round {round}: {result.Status}: {result.Detail}");
                Assert.False(engine.IsOffline);
                Assert.Equal(kept.Count, log.LogEndOffset);
            }

            Assert.Equal(kept[(int)start..], ReadFrom(log));
            if (round % 2 == 0)
            {
                File.Delete(ballast);
                Assert.Equal(AppendStatus.Appended, (await log.AppendAsync(DiskCalls.Batch(kept.Count, 300_000))).Status);
                kept.Add(kept.Count);
            }

            // The other way to make room, also on a disk that is full: whole segments below the new start go.
            await log.DeleteRecordsAsync(-1, TestContext.Current.CancellationToken);
            start = log.LogStartOffset;
            Assert.Equal(kept.Count, start);
            if (new DriveInfo(disk.Folder).AvailableFreeSpace > 500_000)
            {
                Assert.Equal(AppendStatus.Appended, (await log.AppendAsync(DiskCalls.Batch(kept.Count, 300_000))).Status);
                kept.Add(kept.Count);
                resumed++;
            }

            Assert.False(engine.IsOffline);
        }

        output.WriteLine($"{fills} times full, seed {seed}: {kept.Count} records; {resumed} times deletion made room");
        Assert.True(resumed > fills / 2, $"deletion made room only {resumed} times");
    }

    /// <summary>The bound holds records back; commits, topics, reads and deletions go on below it.</summary>
    [Fact(Timeout = 120_000)]
    public async Task Below_the_bound_records_are_refused_and_ten_thousand_commits_are_not()
    {
        const long Bound = 8L << 20;
        const int Commits = 10_000;
        using LoopDisk disk = LoopDisk.Create("ext4", DiskBytes);
        await using ServeProcess serve = ServeProcess.Start(
            "serve", "--port", "0", "--data", Path.Combine(disk.Folder, "data"), "--output", "json",
            "--set", $"logqueue.disk.min.free.bytes={Bound}", "--set", "offsets.topic.num.partitions=1");
        await serve.WaitReadyAsync();
        await DiskCalls.CreateTopicAsync(serve.Port, "kept");
        await DiskCalls.CreateTopicAsync(serve.Port, segmentBytes: "16777216");
        await using WireConnection connection = await DiskCalls.ConnectAsync(serve.Port);
        Assert.Equal(0, (await DiskCalls.ProduceAsync(connection, 0, topic: "kept")).Offset);
        long tag = 0;
        (long Offset, ErrorCode Error, string? Message) last;
        while ((last = await DiskCalls.ProduceAsync(connection, tag, 500_000)).Error == ErrorCode.None)
        {
            tag++;
        }

        Assert.Equal(ErrorCode.KafkaStorageError, last.Error);
        Assert.Contains("logqueue.disk.min.free.bytes", last.Message, StringComparison.Ordinal);
        long free = new DriveInfo(disk.Folder).AvailableFreeSpace;
        Assert.InRange(free, Bound - (256 << 10), Bound + (2 << 20)); // neither eaten into nor far from it, preallocation included
        await CommitManyAsync(serve.Port, Commits);
        Assert.Equal(ErrorCode.None, (await DiskCalls.FetchAsync(connection)).Error);
        await DiskCalls.CreateTopicAsync(serve.Port, "made-when-full");
        Assert.Equal(ErrorCode.KafkaStorageError, (await DiskCalls.ProduceAsync(connection, 1, 500_000, "kept")).Error);

        await using (LogQueueClient client = LogQueueClient.Connect($"127.0.0.1:{serve.Port}"))
        {
            await client.Admin.DeleteTopicAsync(DiskCalls.Topic, TestContext.Current.CancellationToken);
        }

        var clock = Stopwatch.StartNew();
        while ((await DiskCalls.ProduceAsync(connection, 1, 500_000, "kept")).Error != ErrorCode.None)
        {
            Assert.True(clock.Elapsed < ResumeLimit, "there is room again, and produce is still refused");
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }

        output.WriteLine($"{tag} records of 500,000 bytes, then refused with {free >> 10} KiB free; {Commits} commits; resumed after "
            + $"{clock.ElapsedMilliseconds} ms");
        await serve.SignalAsync("TERM");
        Assert.Equal(ExitCode.Ok, (await serve.FinishAsync()).ExitCode);
        Assert.Contains("Records are refused until then", serve.Errors, StringComparison.Ordinal);
    }

    private static void Fill(string path, long bytes)
    {
        using var file = new FileStream(path, FileMode.Create);
        byte[] some = new byte[256 << 10];
        try
        {
            for (long left = bytes; left > 0; left -= some.Length)
            {
                file.Write(some, 0, (int)Math.Min(left, some.Length));
            }
        }
        catch (IOException)
        {
            // Full: that is what it is for.
        }
    }

    private static List<long> ReadFrom(Partition log)
    {
        var tags = new List<long>();
        long next = log.LogStartOffset;
        while (next < log.HighWatermark)
        {
            next = DiskCalls.ReadSome(log, next, tags);
        }

        return tags;
    }

    private static async Task CommitManyAsync(int port, int count)
    {
        const int Connections = 20;
        await Task.WhenAll(Enumerable.Range(0, Connections).Select(async c =>
        {
            await using WireConnection connection = await DiskCalls.ConnectAsync(port);
            for (int i = 0; i < count / Connections; i++)
            {
                OffsetCommitResponse answer = await connection.CallAsync<OffsetCommitRequest, OffsetCommitResponse>(
                    new OffsetCommitRequest
                    {
                        GroupId = $"group-{c}",
                        GenerationIdOrMemberEpoch = -1,
                        MemberId = "",
                        Topics =
                        [
                            new OffsetCommitRequest.OffsetCommitRequestTopic
                            {
                                Name = "kept",
                                Partitions =
                                [
                                    new OffsetCommitRequest.OffsetCommitRequestPartition { PartitionIndex = 0, CommittedOffset = i, CommittedLeaderEpoch = -1 },
                                ],
                            },
                        ],
                    },
                    8);
                ErrorCode error = Assert.Single(Assert.Single(answer.Topics).Partitions).ErrorCode;
                Assert.True(error == ErrorCode.None, $"commit {i} of group {c}: {error}");
            }
        }));
    }
}
