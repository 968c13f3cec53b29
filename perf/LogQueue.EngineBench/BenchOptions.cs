namespace LogQueue.EngineBench;

/// <summary>What to run and where. Immutable.</summary>
/// <param name="Goals">Parts of the ids to run; empty for all.</param>
/// <param name="Pairs">Pairs of control and subject.</param>
/// <param name="Directory">A folder on the disk under test.</param>
/// <param name="Output">Path of the results without extension; null writes none.</param>
internal sealed record BenchOptions(string[] Goals, int Pairs, string Directory, string? Output)
{
    /// <summary>Reads the command line; null when it cannot be read.</summary>
    public static BenchOptions? Parse(string[] args)
    {
        var options = new BenchOptions([], 5, System.IO.Directory.GetCurrentDirectory(), null);
        for (int i = 0; i + 1 < args.Length; i += 2)
        {
            string value = args[i + 1];
            options = args[i] switch
            {
                "--goals" => options with { Goals = value.Split(',') },
                "--pairs" when int.TryParse(value, System.Globalization.CultureInfo.InvariantCulture, out int pairs) && pairs > 0 =>
                    options with { Pairs = pairs },
                "--directory" => options with { Directory = value },
                "--output" => options with { Output = value },
                _ => options with { Pairs = 0 },
            };
        }

        return args.Length % 2 == 0 && options.Pairs > 0 ? options : null;
    }

    /// <summary>True when a goal is asked for: its id is one of the list, or begins with one that ends in *.</summary>
    public bool Wants(string id) => Goals.Length == 0 || Goals.Any(wanted => wanted.EndsWith('*')
        ? id.StartsWith(wanted[..^1], StringComparison.OrdinalIgnoreCase) : wanted.Equals(id, StringComparison.OrdinalIgnoreCase));
}
