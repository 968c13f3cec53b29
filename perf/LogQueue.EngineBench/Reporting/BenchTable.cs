using System.Globalization;
using System.Text;

namespace LogQueue.EngineBench.Reporting;

/// <summary>The outcomes as a table of text. Stateless.</summary>
internal static class BenchTable
{
    /// <summary>Head line of the columns.</summary>
    public static string Head =>
        $"{"GOAL",-17} {"LIMIT",-10} {"MEDIAN",12} {"[MIN .. MAX]",-27} {"SUBJECT",12} {"CONTROL",12} {"UNIT",-28} VERDICT";

    /// <summary>One line.</summary>
    public static string Line(Outcome outcome)
    {
        Goal goal = outcome.Goal;
        Spread judged = outcome.Judged;
        bool showsRatio = outcome.Control.Count > 0;
        Spread shown = showsRatio && goal.Kind == GoalKind.None
            ? Spread.Of(outcome.Subject.Zip(outcome.Control, static (s, c) => s / c)) : judged;
        string verdict = goal.Kind == GoalKind.None ? "" : outcome.IsReached ? "reached" : "MISSED";
        string control = showsRatio ? Number(Spread.Of(outcome.Control).Median) : "-";
        string x = goal.IsRatio || (goal.Kind == GoalKind.None && showsRatio) ? "x" : "";
        return $"{goal.Id,-17} {goal.Line,-10} {Number(shown.Median) + x,12} {$"[{Number(shown.Min)} .. {Number(shown.Max)}]",-27} "
            + $"{Number(Spread.Of(outcome.Subject).Median),12} {control,12} {goal.Unit,-28} {verdict}";
    }

    /// <summary>What was measured, and the further figures.</summary>
    public static string Details(Outcome outcome)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"    {outcome.Goal.Title}: {outcome.Goal.Subject}");
        if (outcome.Goal.Control.Length > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $" | control: {outcome.Goal.Control}");
        }

        foreach ((string name, List<double> figures) in outcome.Extra)
        {
            text.Append(CultureInfo.InvariantCulture, $"; {name} {Number(Spread.Of(figures).Median)}");
        }

        return text.Append(CultureInfo.InvariantCulture, $"; steal {outcome.StealShare:P1}").ToString();
    }

    /// <summary>Four digits that count.</summary>
    public static string Number(double figure) => Math.Abs(figure) switch
    {
        >= 100 => figure.ToString("#,0", CultureInfo.InvariantCulture),
        >= 10 => figure.ToString("0.0", CultureInfo.InvariantCulture),
        >= 0.1 or 0 => figure.ToString("0.00", CultureInfo.InvariantCulture),
        _ => figure.ToString("0.0000", CultureInfo.InvariantCulture),
    };
}
