using LogQueue.Protocol;

namespace LogQueue.Client.Errors;

/// <summary>An error whose code may pass elsewhere, but not where it happened: trying again is no use.</summary>
internal sealed class FinalKafkaException(ErrorCode errorCode, string message, string? broker) : KafkaException(errorCode, message, broker)
{
    public override bool IsRetriable => false;
}
