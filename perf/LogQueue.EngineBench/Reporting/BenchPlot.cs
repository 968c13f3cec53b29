using System.Globalization;
using System.Net;
using System.Text;

namespace LogQueue.EngineBench.Reporting;

/// <summary>
/// The outcomes as an SVG picture: a line a goal, subject and control as dots with the bar of their spread, each on its own scale from
/// zero; the goal as a dashed line. Stateless.
/// </summary>
internal static class BenchPlot
{
    private const int RowHeight = 46;
    private const int Left = 300;
    private const int PlotWidth = 520;
    private const int Right = 250;
    private const int Top = 64;

    /// <summary>Writes the file.</summary>
    public static void Write(string path, IReadOnlyList<KeyValuePair<string, string>> machine, IReadOnlyList<Outcome> outcomes)
    {
        var svg = new StringBuilder();
        int width = Left + PlotWidth + Right;
        int height = Top + (outcomes.Count * RowHeight) + 24;
        svg.Append(CultureInfo.InvariantCulture,
            $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" font-family=\"sans-serif\" font-size=\"12\">\n");
        svg.Append(CultureInfo.InvariantCulture, $"<rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n");
        Text(svg, 12, 22, "Engine against its controls: median and spread, each row on its own scale from zero", "#111", "start", 15);
        Text(svg, 12, 42, string.Join(" | ", machine.Where(static m => m.Key is "taken" or "processor" or "kernel" or "runtime" or "pairs")
            .Select(static m => $"{m.Key}: {m.Value}")), "#666", "start", 11);
        for (int i = 0; i < outcomes.Count; i++)
        {
            Row(svg, outcomes[i], Top + (i * RowHeight));
        }

        int legend = height - 12;
        Text(svg, Left, legend, "● subject", "#0b6e4f", "start", 11);
        Text(svg, Left + 80, legend, "● control", "#888", "start", 11);
        Text(svg, Left + 160, legend, "┆ goal", "#c0392b", "start", 11);
        svg.Append("</svg>\n");
        File.WriteAllText(path, svg.ToString());
    }

    private static void Row(StringBuilder svg, Outcome outcome, int top)
    {
        Goal goal = outcome.Goal;
        Spread subject = Spread.Of(outcome.Subject);
        Spread? control = outcome.Control.Count > 0 ? Spread.Of(outcome.Control) : null;
        double? line = goal.Kind == GoalKind.None ? null : goal.IsRatio ? goal.Limit * control!.Value.Median : goal.Limit;
        double most = new[] { subject.Max, control?.Max ?? 0, line ?? 0 }.Max() * 1.05;
        double scale = most > 0 ? PlotWidth / most : 0;
        string colour = goal.Kind == GoalKind.None ? "#111" : outcome.IsReached ? "#0b6e4f" : "#c0392b";
        Text(svg, 12, top + 16, goal.Id, colour, "start", 13);
        Text(svg, 12, top + 31, goal.Title, "#444", "start", 10);
        svg.Append(CultureInfo.InvariantCulture, $"<line x1=\"{Left}\" y1=\"{top + 38}\" x2=\"{Left + PlotWidth}\" y2=\"{top + 38}\" stroke=\"#ddd\"/>\n");
        Bar(svg, subject, scale, top + 13, "#0b6e4f");
        if (control is { } c)
        {
            Bar(svg, c, scale, top + 28, "#888");
        }

        if (line is { } at)
        {
            string x = (Left + (at * scale)).ToString("0.0", CultureInfo.InvariantCulture);
            svg.Append(CultureInfo.InvariantCulture,
                $"<line x1=\"{x}\" y1=\"{top + 4}\" x2=\"{x}\" y2=\"{top + 36}\" stroke=\"#c0392b\" stroke-dasharray=\"3 2\"/>\n");
        }

        Text(svg, Left + PlotWidth + 10, top + 16, $"{BenchTable.Number(subject.Median)} {goal.Unit}", "#0b6e4f", "start", 11);
        string verdict = goal.IsRatio ? $"{BenchTable.Number(outcome.Judged.Median)}x, goal {goal.Line}"
            : goal.Kind == GoalKind.None ? "" : $"goal {goal.Line}";
        Text(svg, Left + PlotWidth + 10, top + 31, verdict, colour, "start", 11);
    }

    private static void Bar(StringBuilder svg, Spread spread, double scale, int y, string colour) => svg.Append(
        CultureInfo.InvariantCulture,
        $"<line x1=\"{Left + (spread.Min * scale):0.0}\" y1=\"{y}\" x2=\"{Left + (spread.Max * scale):0.0}\" y2=\"{y}\" stroke=\"{colour}\" stroke-width=\"3\" stroke-opacity=\"0.4\"/>\n<circle cx=\"{Left + (spread.Median * scale):0.0}\" cy=\"{y}\" r=\"5\" fill=\"{colour}\"/>\n");

    private static void Text(StringBuilder svg, int x, int y, string text, string colour, string anchor, int size) => svg.Append(
        CultureInfo.InvariantCulture,
        $"<text x=\"{x}\" y=\"{y}\" fill=\"{colour}\" text-anchor=\"{anchor}\" font-size=\"{size}\">{WebUtility.HtmlEncode(text)}</text>\n");
}
