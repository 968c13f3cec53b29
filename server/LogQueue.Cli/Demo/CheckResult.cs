namespace LogQueue.Cli.Demo;

/// <summary>Outcome of one check of the demo.</summary>
/// <param name="Name">What was checked.</param>
/// <param name="Held">True when it held.</param>
/// <param name="Detail">What was found.</param>
internal readonly record struct CheckResult(string Name, bool Held, string Detail);
