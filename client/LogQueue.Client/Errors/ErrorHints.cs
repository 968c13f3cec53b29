using LogQueue.Protocol;

namespace LogQueue.Client.Errors;

/// <summary>The next step for the errors that users meet.</summary>
internal static class ErrorHints
{
    public static string? For(ErrorCode code) => code switch
    {
        ErrorCode.NetworkException => "Check that the broker runs and that its advertised address can be reached from here.",
        ErrorCode.RequestTimedOut => "Check the broker's load and the network, or raise the timeout.",
        ErrorCode.UnknownTopicOrPartition => "Create the topic first, or check its name and the partition number.",
        ErrorCode.InvalidTopicException => "Use 1 to 249 of the characters a-z A-Z 0-9 . _ -",
        ErrorCode.MessageTooLarge => "Send smaller records, lower BatchBytes, or raise the topic's max.message.bytes.",
        ErrorCode.TopicAlreadyExists => "Use it as it is, or delete it first.",
        ErrorCode.OffsetOutOfRange => "The records were deleted by retention or do not exist yet: seek to the beginning or the end.",
        ErrorCode.NonEmptyGroup => "Stop the group's consumers first.",
        ErrorCode.GroupIdNotFound => "Check the group's name: it has neither members nor offsets.",
        ErrorCode.UnknownMemberId => "The group has live members: stop them first.",
        ErrorCode.InvalidConfig => "Check the config's name and value (describe the topic to see what it knows).",
        ErrorCode.InvalidPartitions => "Give a partition count of at least 1, and more than there are now when adding.",
        ErrorCode.UnsupportedVersion => "Client and broker share no version of this request: upgrade the older one.",
        ErrorCode.UnsupportedCompressionType => "Choose another compression for this broker.",
        ErrorCode.TopicAuthorizationFailed or ErrorCode.GroupAuthorizationFailed or ErrorCode.ClusterAuthorizationFailed
            => "Ask for the rights, or use other credentials.",
        ErrorCode.FencedInstanceId => "Another consumer uses the same GroupInstanceId: give each its own.",
        _ => null,
    };
}
