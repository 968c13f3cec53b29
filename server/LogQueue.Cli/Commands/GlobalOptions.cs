using System.CommandLine;
using LogQueue.Cli.Output;
using LogQueue.Client;

namespace LogQueue.Cli.Commands;

/// <summary>Options that every verb has. Immutable.</summary>
internal sealed class GlobalOptions
{
    public Option<string> Bootstrap { get; } = new("--bootstrap", "-b")
    {
        Description = "Broker to talk to, host:port; several separated by commas. Also an Apache Kafka.",
        DefaultValueFactory = static _ => "127.0.0.1:9092",
        Recursive = true,
    };

    public Option<OutputFormat> Output { get; } = new("--output")
    {
        Description = "table (plain lines in a pipe), json, ndjson or csv.",
        DefaultValueFactory = static _ => OutputFormat.Table,
        Recursive = true,
    };

    public Option<bool> NoColor { get; } = new("--no-color") { Description = "No colour, no live lines (NO_COLOR is honoured too).",
        Recursive = true };

    public void AddTo(RootCommand root)
    {
        root.Options.Add(Bootstrap);
        root.Options.Add(Output);
        root.Options.Add(NoColor);
    }

    /// <summary>Makes the action of a verb: the terminal knows the wanted format, Ctrl-C cancels.</summary>
    public Func<ParseResult, CancellationToken, Task<int>> Action(Terminal terminal, Func<ParseResult, CancellationToken, Task<int>> run) =>
        (parsed, cancellation) =>
        {
            terminal.Use(parsed.GetValue(Output), parsed.GetValue(NoColor));
            return run(parsed, cancellation);
        };

    /// <summary>Connects to the chosen broker.</summary>
    public LogQueueClient Connect(ParseResult parsed) =>
        LogQueueClient.Connect(parsed.GetValue(Bootstrap)!, new ClientOptions { ClientId = "logqueue-cli", OperationTimeout =
            TimeSpan.FromSeconds(15) });
}
