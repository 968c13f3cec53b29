using LogQueue.EngineBench.Rigs;

namespace LogQueue.EngineBench;

/// <summary>Runs scenarios: control and subject in turns, the warm-up thrown away. One thread.</summary>
internal static class BenchRun
{
    /// <summary>Runs one scenario.</summary>
    public static Outcome Run(Scenario scenario, int pairs)
    {
        var outcome = new Outcome(scenario.Goal);
        for (int i = 0; i < scenario.WarmUps; i++)
        {
            _ = scenario.RunControl();
            _ = scenario.RunSubject();
            _ = scenario.TakeExtra();
        }

        StealClock steal = StealClock.Start();
        for (int i = 0; i < pairs; i++)
        {
            Settle();
            if (scenario.RunControl() is { } control)
            {
                outcome.Control.Add(control);
            }

            Settle();
            outcome.Subject.Add(scenario.RunSubject());
            foreach ((string name, double figure) in scenario.TakeExtra())
            {
                if (!outcome.Extra.TryGetValue(name, out List<double>? figures))
                {
                    outcome.Extra[name] = figures = [];
                }

                figures.Add(figure);
            }
        }

        outcome.StealShare = steal.Share;
        return outcome;
    }

    private static void Settle()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
    }
}
