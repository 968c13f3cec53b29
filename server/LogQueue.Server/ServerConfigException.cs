namespace LogQueue.Server;

/// <summary>A configuration that cannot be used: the message names every problem.</summary>
public sealed class ServerConfigException : Exception
{
    /// <summary>Creates it.</summary>
    /// <param name="problems">Each problem in a sentence, with what to do.</param>
    public ServerConfigException(IReadOnlyList<string> problems)
        : base(string.Join(Environment.NewLine, problems)) => Problems = problems;

    /// <summary>Each problem in a sentence.</summary>
    public IReadOnlyList<string> Problems { get; }
}
