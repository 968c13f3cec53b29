using Microsoft.Extensions.Logging;

namespace LogQueue.Cli.Output;

/// <summary>What the engine has to say while it serves, as lines of the log. Pure functions.</summary>
internal static partial class EngineLog
{
    [LoggerMessage(1, LogLevel.Warning, "{Line}")]
    public static partial void Warned(ILogger logger, string line);
}
