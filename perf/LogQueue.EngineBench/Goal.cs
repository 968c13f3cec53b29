namespace LogQueue.EngineBench;

/// <summary>What a scenario shall reach. Immutable.</summary>
/// <param name="Id">Short name, as in the list of goals.</param>
/// <param name="Title">What is measured.</param>
/// <param name="Unit">Of the figures of subject and control.</param>
/// <param name="Kind">How the limit is meant.</param>
/// <param name="Limit">The ratio subject/control, or the subject's own figure.</param>
/// <param name="Subject">What is judged.</param>
/// <param name="Control">What it is held against; empty for none.</param>
internal sealed record Goal(string Id, string Title, string Unit, GoalKind Kind, double Limit, string Subject, string Control)
{
    /// <summary>True when the limit is one of the ratio to the control.</summary>
    public bool IsRatio => Kind is GoalKind.RatioAtLeast or GoalKind.RatioAtMost;

    /// <summary>The goal in words.</summary>
    public string Line => FormattableString.Invariant(Kind switch
    {
        GoalKind.RatioAtLeast => $">= {Limit:0.##}x",
        GoalKind.RatioAtMost => $"<= {Limit:0.##}x",
        GoalKind.AtLeast => $">= {Limit:#,0.##}",
        GoalKind.AtMost => $"<= {Limit:#,0.##}",
        _ => $"(for the record)",
    });
}
