using System.Diagnostics;
using System.Globalization;
using LogQueue.Engine;

namespace LogQueue.Server.Tests.Disk;

/// <summary>
/// Power cuts on real file systems: a disk image is mounted, the engine works on it, the file system is shut down without writing what it
/// holds back (the kernel's own call for this), mounted again and recovered. 100 cuts each; LOGQUEUE_LONG=1: 10,000 on ext4 and 2,000 on xfs;
/// LOGQUEUE_CUTS sets the number. LOGQUEUE_SEED repeats a run's choices. Needs root.
/// </summary>
[Collection(nameof(LoopDisk))]
public sealed class PowerCutTests(ITestOutputHelper output)
{
    private const int PartitionCount = 3;

    /// <summary>Then the next ones start on a fresh disk, so that neither it nor the check grows without end.</summary>
    private const int CutsPerDisk = 25;

    [Theory(Timeout = 14_400_000)]
    [InlineData("ext4", 128L << 20, 10_000)]
    [InlineData("xfs", 512L << 20, 2_000)]
    public async Task What_was_acknowledged_survives_power_cuts(string fileSystem, long sizeBytes, int longCuts)
    {
        LoopDisk.Require(fileSystem);
        int cuts = int.TryParse(Environment.GetEnvironmentVariable("LOGQUEUE_CUTS"), CultureInfo.InvariantCulture, out int asked) ? asked
            : Environment.GetEnvironmentVariable("LOGQUEUE_LONG") == "1" ? longCuts : 100;
        int seed = int.TryParse(Environment.GetEnvironmentVariable("LOGQUEUE_SEED"), CultureInfo.InvariantCulture, out int given) ? given
            : Environment.TickCount;
        var random = new Random(seed);
        var clock = Stopwatch.StartNew();
        var total = (Acknowledged: 0L, Surviving: 0L, Lost: 0L, Commits: 0L);
        int done = 0;
        try
        {
            while (done < cuts)
            {
                using LoopDisk disk = LoopDisk.Create(fileSystem, sizeBytes);
                var ledger = new PowerCutLedger(PartitionCount);
                for (int i = Math.Min(CutsPerDisk, cuts - done); i > 0; i--, done++)
                {
                    await CutAsync(disk, ledger, random);
                }

                await using LogEngine last = await OpenAsync(disk);
                ledger.Check(last);
                total = (total.Acknowledged + ledger.Acknowledged, total.Surviving + ledger.Surviving, total.Lost + ledger.Lost,
                    total.Commits + ledger.Commits);
            }
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"{fileSystem}, seed {seed}, cut {done}: {e.Message}", e);
        }

        output.WriteLine($"{cuts} power cuts on {fileSystem} in {clock.Elapsed.TotalSeconds:0.0} s, seed {seed}: {total.Acknowledged} records and "
            + $"{total.Commits} commits acknowledged, all there; of those not acknowledged {total.Surviving} survived and {total.Lost} were lost");
        Assert.True(total.Acknowledged > cuts * 5, $"only {total.Acknowledged} records were acknowledged: this was no load");
        Assert.True(cuts < 50 || total.Lost > 0, "nothing was ever lost: the power was not cut");
    }

    private static async Task CutAsync(LoopDisk disk, PowerCutLedger ledger, Random random)
    {
        await using (LogEngine engine = await OpenAsync(disk))
        {
            if (engine.TryGetTopic(PowerCutLedger.Topic, out _))
            {
                ledger.Check(engine);
            }
            else
            {
                await engine.CreateTopicAsync(
                    PowerCutLedger.Topic, PartitionCount, new Dictionary<string, string> { ["segment.bytes"] = "1048576" });
            }

            var load = new PowerCutLoad(engine, ledger, PartitionCount, random.Next());
            load.Start();
            await Task.Delay(random.Next(1, 60), TestContext.Current.CancellationToken);
            disk.CutPower();
            await load.EndAsync();
            Assert.True(engine.IsOffline, "the disk is gone, and the engine has not noticed");
        }

        disk.Replug();
    }

    private static Task<LogEngine> OpenAsync(LoopDisk disk) => LogEngine.OpenAsync(
        new LogEngineOptions { DataDirectory = Path.Combine(disk.Folder, "data"), OffsetsPartitionCount = 1, DiskMinFreeBytes = 0 },
        TestContext.Current.CancellationToken);
}
