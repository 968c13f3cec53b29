namespace LogQueue.EngineBench;

/// <summary>The raw figures of one goal, pair by pair. Filled by one thread.</summary>
internal sealed class Outcome(Goal goal)
{
    /// <summary>The goal.</summary>
    public Goal Goal { get; } = goal;

    /// <summary>The subject's figures.</summary>
    public List<double> Subject { get; } = [];

    /// <summary>The control's figures, one for each of the subject's; empty where there is no control.</summary>
    public List<double> Control { get; } = [];

    /// <summary>Further figures of the same runs, by name.</summary>
    public SortedDictionary<string, List<double>> Extra { get; } = new(StringComparer.Ordinal);

    /// <summary>Share of the time that the host took from this machine during the pairs.</summary>
    public double StealShare { get; set; }

    /// <summary>The figure that is held against the limit: of the ratios pair by pair, or of the subject.</summary>
    public Spread Judged => Spread.Of(Goal.IsRatio ? Subject.Zip(Control, static (s, c) => s / c) : Subject);

    /// <summary>True when the median reaches the limit.</summary>
    public bool IsReached => Goal.Kind switch
    {
        GoalKind.RatioAtLeast or GoalKind.AtLeast => Judged.Median >= Goal.Limit,
        GoalKind.RatioAtMost or GoalKind.AtMost => Judged.Median <= Goal.Limit,
        _ => true,
    };
}
