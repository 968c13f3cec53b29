namespace LogQueue.Cli.Demo;

/// <summary>What was received of one sensor. Not thread-safe.</summary>
internal sealed class SensorStatistics(string unit)
{
    private readonly List<double> _values = [];

    public string Unit { get; } = unit;

    public int Count => _values.Count;

    public double Last => _values[^1];

    public double Min => _values.Min();

    public double Max => _values.Max();

    public double Mean => _values.Average();

    public IReadOnlyList<double> Values => _values;

    public void Add(double value) => _values.Add(value);
}
