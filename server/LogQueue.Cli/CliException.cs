namespace LogQueue.Cli;

/// <summary>An outcome to tell the user in one line: what happened, the next step, the exit code.</summary>
internal sealed class CliException(int exitCode, string code, string message, string? hint = null) : Exception(message)
{
    public int ExitCode { get; } = exitCode;

    /// <summary>A name that scripts can rely on, such as UNKNOWN_TOPIC_OR_PARTITION.</summary>
    public string Code { get; } = code;

    public string? Hint { get; } = hint;

    public bool IsRetriable { get; init; }
}
