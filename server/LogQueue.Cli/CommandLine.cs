using System.CommandLine;
using LogQueue.Cli.Commands;
using LogQueue.Cli.Output;

namespace LogQueue.Cli;

/// <summary>The grammar of the command line, and the one place where an outcome becomes an exit code.</summary>
internal static class CommandLine
{
    /// <summary>Parses and runs one command line.</summary>
    /// <param name="args">Words after the program's name.</param>
    /// <param name="terminal">Where data and talk go.</param>
    /// <param name="cancellation">Ends the command as Ctrl-C does.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(string[] args, Terminal terminal, CancellationToken cancellation = default)
    {
        var configuration = new InvocationConfiguration { EnableDefaultExceptionHandler = false, Output = terminal.Out, Error =
            terminal.Errors };

        // A word that begins with @ is a point in time here, not a file with more words.
        ParseResult parsed = Create(terminal).Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0)
        {
            return terminal.Fail(new CliException(ExitCode.Usage, "USAGE", parsed.Errors[0].Message,
                "`--help` after any verb shows its options"));
        }

        if (parsed.CommandResult.Command.Name == "serve")
        {
            // By itself the library ends a process 2 s after SIGTERM. Thousands of open partitions take longer to close, and one that is
            // cut off has to recover; whoever is in a hurry has SIGKILL.
            configuration.ProcessTerminationTimeout = Timeout.InfiniteTimeSpan;
        }

        try
        {
            return await parsed.InvokeAsync(configuration, cancellation);
        }
        catch (Exception e)
        {
            return terminal.Fail(CliErrors.From(e));
        }
    }

    private static RootCommand Create(Terminal terminal)
    {
        var global = new GlobalOptions();
        var root = new RootCommand("LogQueue: a Kafka-compatible log in one small process.")
        {
            DemoCommand.Create(terminal, global),
            ServeCommand.Create(terminal, global),
            TopicCommand.Create(terminal, global),
            GroupCommand.Create(terminal, global),
            ProduceCommand.Create(terminal, global),
            ConsumeCommand.Create(terminal, global),
            ReplayCommand.Create(terminal, global),
            BenchCommand.Create(terminal, global),
            LogCommand.Create(terminal, global),
        };
        global.AddTo(root);
        return root;
    }
}
