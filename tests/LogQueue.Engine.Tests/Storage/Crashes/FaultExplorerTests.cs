using LogQueue.Storage;
using LogQueue.TestKit.Oracle;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Crashes;

/// <summary>
/// One operation of a run fails, each in turn, with each kind of error; then the machine loses power, or only the process ends, or the page
/// cache is dropped. Nothing acknowledged is lost, whatever the operation was, and no error goes anywhere but into an answer or the fence.
/// </summary>
public sealed class FaultExplorerTests
{
    private const int Steps = 45;

    private static bool IsLong => Environment.GetEnvironmentVariable("LOGQUEUE_LONG") == "1";

    [Theory]
    [InlineData(StorageError.InputOutput, 1)]
    [InlineData(StorageError.InputOutput, 3)]
    [InlineData(StorageError.NoSpace, 2)]
    [InlineData(StorageError.ReadOnly, 5)]
    [InlineData(StorageError.TooManyFiles, 6)]
    internal void Any_operation_may_fail_once(StorageError error, int seed)
    {
        int calls = 0;
        var whole = new SimulatedStorageDevice(StorageRig.Root)
        {
            Fault = _ =>
            {
                calls++;
                return null;
            },
        };
        new LogRun(whole, seed).Run(Steps, static () => true);
        int hit = 0;
        int stride = IsLong ? 1 : Math.Max(1, calls / 130);
        for (int failing = 1; failing <= calls; failing += stride)
        {
            hit += Run(seed, failing, error, lasting: false) ? 1 : 0;
        }

        Assert.True(hit > 50, $"only {hit} runs met their fault");
    }

    [Fact]
    public void A_disk_that_stays_full_loses_nothing()
    {
        for (int failing = 1; failing < 1500; failing += IsLong ? 1 : 23)
        {
            _ = Run(4, failing, StorageError.NoSpace, lasting: true);
        }
    }

    private static bool Run(int seed, int failing, StorageError error, bool lasting)
    {
        int calls = 0;
        string failed = "";
        var device = new SimulatedStorageDevice(StorageRig.Root);
        device.Fault = o =>
        {
            calls++;
            bool canBeFull = o.Kind is "write" or "allocate" or "create" or "mkdir" or "rename";
            if (calls != failing && !(lasting && calls > failing && canBeFull))
            {
                return null;
            }

            failed = failed.Length > 0 ? failed : $"{o.Kind} of {o.Path}";
            return new SimulatedFault(error, o.Kind == "write" ? (int)(o.LengthBytes / 2) : 0);
        };
        var run = new LogRun(device, seed) { MayFail = true };
        run.Run(Steps, static () => true);
        device.Fault = null;
        string how = $"seed {seed}, {error} at call {failing} ({failed})";
        Assert.True(run.Problem is null, $"{how}: {run.Problem}");
        Judge(device.Copy(), run, $"{how}, then a restart");
        for (int cut = 0; cut < 3; cut++)
        {
            Judge(device.Crash(cut), run, $"{how}, then power cut {cut}");
        }

        device.DropCaches();
        Judge(device.Copy(), run, $"{how}, then a restart without caches");
        return failed.Length > 0;
    }

    private static void Judge(SimulatedStorageDevice device, LogRun run, string how)
    {
        using var rig = new CrashRig(device, runs: false);
        foreach (RunPartition partition in run.Partitions)
        {
            FoundLog found = CrashRig.Find(rig.Open(partition.Name));
            string? problem = run.Oracle.Judge(partition.Name, found);
            Assert.True(problem is null, $"{how}: {partition.Name}: {problem}");
        }
    }
}
