using LogQueue.EngineBench;
using LogQueue.EngineBench.Reporting;
using LogQueue.EngineBench.Rigs;

if (BenchOptions.Parse(args) is not { } options)
{
    Console.Error.WriteLine("engine-bench [--goals G1,G2,DIRTY*] [--pairs 5] [--directory DIR] [--output perf/Baselines/NAME]");
    return 2;
}

Directory.CreateDirectory(options.Directory);
IReadOnlyList<KeyValuePair<string, string>> machine = BenchMachine.Describe(options.Directory, options.Pairs);
Console.WriteLine(string.Join("; ", machine.Select(static m => $"{m.Key} {m.Value}")));
Console.WriteLine(BenchTable.Head);
List<Outcome> outcomes = [];
using (var folder = new BenchFolder(options.Directory))
{
    foreach ((string id, Func<Scenario> create) in GoalList.All(folder).Where(goal => options.Wants(goal.Id)))
    {
        using Scenario scenario = create();
        Outcome outcome = BenchRun.Run(scenario, options.Pairs);
        outcomes.Add(outcome);
        Console.WriteLine(BenchTable.Line(outcome));
        Console.WriteLine(BenchTable.Details(outcome));
    }
}

if (options.Output is { } output)
{
    BenchJson.Write(output + ".json", machine, outcomes);
    BenchPlot.Write(output + ".svg", machine, outcomes);
}

string[] missed = [.. outcomes.Where(static o => !o.IsReached).Select(static o => o.Goal.Id)];
Console.WriteLine(missed.Length == 0 ? "All goals reached." : $"Missed: {string.Join(", ", missed)}.");
return 0;
