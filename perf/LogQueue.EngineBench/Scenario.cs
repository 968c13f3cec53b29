namespace LogQueue.EngineBench;

/// <summary>Something that is measured against its control, in turns. One thread.</summary>
internal abstract class Scenario : IDisposable
{
    private readonly Dictionary<string, double> _extra = new(StringComparer.Ordinal);

    /// <summary>What it shall reach.</summary>
    public abstract Goal Goal { get; }

    /// <summary>Runs that are thrown away first.</summary>
    public virtual int WarmUps => 1;

    /// <summary>Further figures since the last call.</summary>
    public IReadOnlyDictionary<string, double> TakeExtra()
    {
        var taken = new Dictionary<string, double>(_extra, StringComparer.Ordinal);
        _extra.Clear();
        return taken;
    }

    /// <summary>One run of the control; null where there is none.</summary>
    public abstract double? RunControl();

    /// <summary>One run of the subject.</summary>
    public abstract double RunSubject();

    /// <summary>Removes what it made.</summary>
    public virtual void Dispose()
    {
    }

    /// <summary>Notes a further figure of this run.</summary>
    protected void Note(string name, double figure) => _extra[name] = figure;
}
