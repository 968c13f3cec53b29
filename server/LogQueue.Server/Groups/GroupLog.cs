using Microsoft.Extensions.Logging;

namespace LogQueue.Server.Groups;

/// <summary>What groups say in the log.</summary>
internal static partial class GroupLog
{
    /// <summary>The state of a group is not durable; its waiting members were told to retry.</summary>
    [LoggerMessage(Level = LogLevel.Error, Message =
        "Group {Group}: storing generation {GenerationId} failed; its members are asked to join again.")]
    public static partial void SaveFailed(ILogger log, Exception cause, string group, int generationId);

    /// <summary>A commit is not durable.</summary>
    [LoggerMessage(Level = LogLevel.Error, Message = "Group {Group}: storing {Count} offsets failed; the client is asked to try again.")]
    public static partial void CommitFailed(ILogger log, Exception cause, string group, int count);

    /// <summary>A deletion is not durable.</summary>
    [LoggerMessage(Level = LogLevel.Error, Message = "Group {Group}: deleting it, or offsets of it, failed.")]
    public static partial void DeleteFailed(ILogger log, Exception cause, string group);

    /// <summary>The sweep goes on with the next group.</summary>
    [LoggerMessage(Level = LogLevel.Warning, Message = "Expiring offsets of group {Group} failed; it is tried again at the next sweep.")]
    public static partial void SweepFailed(ILogger log, Exception cause, string group);

    /// <summary>Offsets went because of their age.</summary>
    [LoggerMessage(Level = LogLevel.Information, Message = "Group {Group}: {Count} committed offsets expired.")]
    public static partial void Expired(ILogger log, string group, int count);

    /// <summary>There are as many groups as there may be.</summary>
    [LoggerMessage(Level = LogLevel.Warning, Message =
        "Group {Group} refused: there are {Count} groups already, the most that are allowed.")]
    public static partial void TooManyGroups(ILogger log, string group, int count);
}
