namespace LogQueue.EngineBench;

/// <summary>Median and ends of a list of figures. Immutable.</summary>
internal readonly record struct Spread(double Median, double Min, double Max)
{
    /// <summary>The spread of figures, in any order; at least one.</summary>
    public static Spread Of(IEnumerable<double> figures)
    {
        double[] sorted = [.. figures.Order()];
        int middle = sorted.Length / 2;
        double median = sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
        return new Spread(median, sorted[0], sorted[^1]);
    }
}
