namespace LogQueue.EngineBench;

/// <summary>How the limit of a goal is meant.</summary>
internal enum GoalKind
{
    /// <summary>Subject divided by control is at least the limit.</summary>
    RatioAtLeast,

    /// <summary>Subject divided by control is at most the limit.</summary>
    RatioAtMost,

    /// <summary>The subject is at least the limit.</summary>
    AtLeast,

    /// <summary>The subject is at most the limit.</summary>
    AtMost,

    /// <summary>No goal: a figure that explains the others.</summary>
    None,
}
