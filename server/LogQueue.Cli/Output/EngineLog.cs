using Microsoft.Extensions.Logging;

namespace LogQueue.Cli.Output;

/// <summary>What the engine has to say while it serves, as lines of the log. Pure functions.</summary>
internal static partial class EngineLog
{
    [LoggerMessage(1, LogLevel.Warning, "{Line}")]
    public static partial void Warned(ILogger logger, string line);

    [LoggerMessage(2, LogLevel.Error, "Damaged: {What}. Reads of it are refused, and so are appends until `logqueue log repair`.")]
    public static partial void Damaged(ILogger logger, string what);
}
