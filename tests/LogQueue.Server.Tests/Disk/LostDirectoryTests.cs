using LogQueue.Cli;
using LogQueue.Protocol;
using LogQueue.Server.Tests.Crash;
using LogQueue.TestKit;

namespace LogQueue.Server.Tests.Disk;

/// <summary>
/// A data directory that is taken away while it is served: its file system turns read-only, its rights are lost, its files are removed.
/// Nothing is acknowledged that a restart after the repair does not find.
/// </summary>
[Collection(nameof(LoopDisk))]
public sealed class LostDirectoryTests : IDisposable
{
    private const string OtherUser = "65534";
    private const int Large = 300_000; // a few of them roll a segment
    private readonly string _directory = Directory.CreateTempSubdirectory("logqueue-lost-").FullName;

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(_directory, recursive: true);

    /// <summary>What ext4 does by itself after an error of the disk. Needs root.</summary>
    [Fact(Timeout = 120_000)]
    public async Task A_file_system_that_turns_read_only_ends_the_process_and_a_repaired_one_has_all_that_was_acknowledged()
    {
        using LoopDisk disk = LoopDisk.Create("ext4", 64L << 20);
        string directory = Path.Combine(disk.Folder, "data");
        int kept = await FailAsync([], directory, () =>
        {
            LinuxMount.Remount(disk.Folder, "ext4", "errors=remount-ro");
            string trigger = $"/sys/fs/ext4/{DeviceOf(disk.Folder)}/trigger_fs_error";
            if (!File.Exists(trigger))
            {
                Assert.Skip($"this kernel has no {trigger}");
            }

            File.WriteAllText(trigger, "1");
        });
        disk.Replug();
        AssertStartsWith(kept, await DiskCalls.ReadAllAsync(directory));
    }

    /// <summary>Run as another user where this is root, whom no right is refused.</summary>
    [Fact(Timeout = 120_000)]
    public async Task A_directory_whose_rights_are_lost_ends_the_process_and_with_them_back_all_is_there()
    {
        string[] asUser = [];
        Tool.Require("chmod", "coreutils");
        if (LinuxMount.IsRoot)
        {
            Tool.Require("setpriv", "util-linux");
            Tool.Require("chown", "coreutils");
            Tool.Run("chown", [OtherUser, _directory]);
            asUser = [$"exec setpriv --reuid {OtherUser} --clear-groups \"$0\" \"$@\""];
        }

        string partition = Path.Combine(_directory, DiskCalls.Topic + "-0");
        int kept = await FailAsync(asUser, _directory, () => Tool.Run("chmod", ["000", partition]));
        Tool.Run("chmod", ["755", partition]);
        AssertStartsWith(kept, await DiskCalls.ReadAllAsync(_directory));
    }

    [Fact(Timeout = 120_000)]
    public async Task A_partition_whose_files_are_removed_acknowledges_nothing_more_and_with_them_back_all_is_there()
    {
        string partition = Path.Combine(_directory, DiskCalls.Topic + "-0");
        string aside = _directory + "-aside";
        int kept = await FailAsync([], _directory, () =>
        {
            Tool.Run("cp", ["-a", partition, aside]);
            Directory.Delete(partition, recursive: true);
        });
        Assert.Equal(2, kept); // the file was still open and took the records, and no restart would ever have found them
        if (Directory.Exists(partition))
        {
            Directory.Delete(partition, recursive: true);
        }

        Directory.Move(aside, partition);
        AssertStartsWith(kept, await DiskCalls.ReadAllAsync(_directory));
    }

    /// <summary>
    /// Serves, acknowledges, lets <paramref name="fail"/> happen, and sends on until the process ends; the records acknowledged.
    /// </summary>
    private static async Task<int> FailAsync(string[] asUser, string directory, Action fail)
    {
        string[] arguments = ["serve", "--port", "0", "--data", directory, "--output", "json", "--set", "logqueue.disk.min.free.bytes=0"];
        await using ServeProcess serve = asUser is [string before] ? ServeProcess.StartAfter(before, arguments) : ServeProcess.Start(arguments);
        await serve.WaitReadyAsync();
        await DiskCalls.CreateTopicAsync(serve.Port);
        await using WireConnection connection = await DiskCalls.ConnectAsync(serve.Port);
        int kept = 0;
        for (; kept < 2; kept++)
        {
            Assert.Equal(kept, (await DiskCalls.ProduceAsync(connection, kept, Large)).Offset);
        }

        fail();
        try
        {
            for (int i = 0; i < 10; i++)
            {
                (long offset, ErrorCode error, string? message) = await DiskCalls.ProduceAsync(connection, kept, Large);
                if (error == ErrorCode.None)
                {
                    Assert.Equal(kept++, offset);
                    continue;
                }

                Assert.Equal(ErrorCode.KafkaStorageError, error);
                Assert.Contains(directory, message, StringComparison.Ordinal);
                break;
            }
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException)
        {
            // The process has ended, as it should.
        }

        (int exitCode, string rest, _) = await serve.FinishAsync();
        Assert.Equal(ExitCode.Failed, exitCode);
        Assert.Single(rest.TrimEnd().Split('\n'));
        Assert.Contains("the data directory failed", serve.Failure, StringComparison.Ordinal);
        Assert.Contains(directory, serve.Failure, StringComparison.Ordinal);
        return kept;
    }

    private static void AssertStartsWith(int kept, List<long> found)
    {
        Assert.InRange(found.Count, kept, kept + 1);
        Assert.Equal(Enumerable.Range(0, found.Count).Select(static i => (long)i), found);
    }

    private static string DeviceOf(string folder) =>
        Path.GetFileName(File.ReadLines("/proc/mounts").Select(static l => l.Split(' ')).Last(words => words[1] == folder)[0]);
}
