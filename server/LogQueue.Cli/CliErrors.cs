using System.Net.Sockets;
using LogQueue.Client;
using LogQueue.Engine.Errors;
using LogQueue.Protocol;
using LogQueue.Server;

namespace LogQueue.Cli;

/// <summary>Turns what a library threw into what a user is told. Pure; thread-safe.</summary>
internal static class CliErrors
{
    public static CliException From(Exception exception) => exception switch
    {
        CliException e => e,
        KafkaException e => FromBroker(e),
        SocketException e => new(ExitCode.CannotConnect, "CANNOT_CONNECT", e.Message,
            "start a broker with `logqueue serve`, or name one with --bootstrap"),
        ServerConfigException e => new(ExitCode.BadConfig, "INVALID_CONFIG", string.Join(" ", e.Problems)),
        ServerStartException e => new(ExitCode.Failed, "CANNOT_START", e.Message),
        InvalidTopicConfigException e => new(ExitCode.BadConfig, "INVALID_CONFIG", e.Message),
        EngineException e => new(ExitCode.Failed, "ENGINE_ERROR", e.Message),
        OperationCanceledException => new(ExitCode.Interrupted, "INTERRUPTED", "interrupted"),
        TimeoutException e => new(ExitCode.Timeout, "TIMEOUT", e.Message),
        UnauthorizedAccessException e => new(ExitCode.Denied, "PERMISSION_DENIED", e.Message),
        IOException e => new(ExitCode.Failed, "IO_ERROR", e.Message),
        ArgumentException e => new(ExitCode.Usage, "INVALID_ARGUMENT", e.Message),
        _ => new(ExitCode.Failed, "INTERNAL_ERROR", $"{exception.GetType().Name}: {exception.Message}"),
    };

    private static CliException FromBroker(KafkaException e)
    {
        int exitCode = e.ErrorCode switch
        {
            ErrorCode.UnknownTopicOrPartition or ErrorCode.GroupIdNotFound or ErrorCode.UnknownTopicId or ErrorCode.ResourceNotFound =>
                ExitCode.NotFound,
            ErrorCode.TopicAuthorizationFailed or ErrorCode.GroupAuthorizationFailed or ErrorCode.ClusterAuthorizationFailed
                or ErrorCode.SaslAuthenticationFailed => ExitCode.Denied,
            ErrorCode.NetworkException or ErrorCode.BrokerNotAvailable => ExitCode.CannotConnect,
            ErrorCode.RequestTimedOut => ExitCode.Timeout,
            ErrorCode.InvalidConfig => ExitCode.BadConfig,
            _ => ExitCode.Failed,
        };
        string? hint = exitCode == ExitCode.CannotConnect ? "start a broker with `logqueue serve`, or name one with --bootstrap" : e.Hint;
        hint = hint is not null && e.Message.Contains(hint, StringComparison.Ordinal) ? null : hint;
        return new CliException(exitCode, ErrorCodeFacts.KafkaName(e.ErrorCode), e.Message, hint) { IsRetriable = e.IsRetriable };
    }
}
