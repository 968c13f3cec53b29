using System.Net;
using Microsoft.Extensions.Logging;

namespace LogQueue.Server;

/// <summary>Every line the server logs. Pure functions.</summary>
internal static partial class ServerLog
{
    [LoggerMessage(1, LogLevel.Information, "Listening on {EndPoint}, advertised as {Advertised}.")]
    public static partial void Listening(ILogger logger, IPEndPoint endPoint, string advertised);

    [LoggerMessage(2, LogLevel.Information, "Stopped listening; {Connections} connections drain.")]
    public static partial void Draining(ILogger logger, int connections);

    [LoggerMessage(3, LogLevel.Information, "Stopped after {Requests} requests; {Aborted} connections were cut off.")]
    public static partial void Stopped(ILogger logger, long requests, int aborted);

    [LoggerMessage(10, LogLevel.Debug, "Connection {Id} from {Remote} opened.")]
    public static partial void ConnectionOpened(ILogger logger, long id, IPEndPoint? remote);

    [LoggerMessage(11, LogLevel.Debug, "Connection {Id} from {Remote} closed: {Reason}")]
    public static partial void ConnectionClosed(ILogger logger, long id, IPEndPoint? remote, string reason);

    [LoggerMessage(12, LogLevel.Warning, "Connection {Id} from {Remote} closed: {Reason}")]
    public static partial void ConnectionRejected(ILogger logger, long id, IPEndPoint? remote, string reason);

    [LoggerMessage(13, LogLevel.Error, "Connection {Id} from {Remote} closed: a request failed.")]
    public static partial void RequestFailed(ILogger logger, Exception exception, long id, IPEndPoint? remote);

    [LoggerMessage(14, LogLevel.Warning, "A connection from {Remote} was closed at once: {Limit}")]
    public static partial void ConnectionRefused(ILogger logger, EndPoint? remote, string limit);

    [LoggerMessage(15, LogLevel.Warning, "Accepting a connection failed: {Reason} Trying again in {DelayMs} ms.")]
    public static partial void AcceptFailed(ILogger logger, string reason, int delayMs);

    [LoggerMessage(20, LogLevel.Information, "Created topic {Topic} with {Partitions} partitions because {Why}.")]
    public static partial void TopicCreated(ILogger logger, string topic, int partitions, string why);

    [LoggerMessage(21, LogLevel.Information, "Deleted topic {Topic}.")]
    public static partial void TopicDeleted(ILogger logger, string topic);
}
