using System.CommandLine;
using LogQueue.Cli.Output;

namespace LogQueue.Cli.Commands;

/// <summary><c>logqueue log</c>: works on files, offline, without a broker.</summary>
internal static class LogCommand
{
    public static Command Create(Terminal terminal, GlobalOptions global) => new("log", "Look into a data directory, without a broker.")
    {
        LogVerifyCommand.Create(terminal, global),
        LogDumpCommand.Create(terminal, global),
        LogStatsCommand.Create(terminal, global),
        LogExportCommand.Create(terminal, global),
        LogImportCommand.Create(terminal, global),
    };
}
