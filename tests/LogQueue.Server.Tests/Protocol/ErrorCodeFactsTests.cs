using LogQueue.Protocol;

namespace LogQueue.Server.Tests.Protocol;

public sealed class ErrorCodeFactsTests
{
    public static TheoryData<ErrorCode> Codes => [.. Enum.GetValues<ErrorCode>()];

    [Fact]
    public void Codes_are_Kafka_4_4s_without_a_gap() =>
        Assert.Equal(Enumerable.Range(-1, 138), Enum.GetValues<ErrorCode>().Select(static c => (int)c).Order());

    [Theory]
    [InlineData(ErrorCode.UnknownServerError, "UNKNOWN_SERVER_ERROR")]
    [InlineData(ErrorCode.None, "NONE")]
    [InlineData(ErrorCode.InvalidTopicException, "INVALID_TOPIC_EXCEPTION")]
    [InlineData(ErrorCode.UnknownTopicOrPartition, "UNKNOWN_TOPIC_OR_PARTITION")]
    [InlineData((ErrorCode)9999, "ERROR_9999")]
    public void Names_are_Kafkas(ErrorCode code, string name) => Assert.Equal(name, ErrorCodeFacts.KafkaName(code));

    [Theory]
    [InlineData(ErrorCode.NotLeaderOrFollower, true)]
    [InlineData(ErrorCode.RequestTimedOut, true)]
    [InlineData(ErrorCode.MessageTooLarge, false)]
    [InlineData(ErrorCode.None, false)]
    [InlineData(ErrorCode.UnknownServerError, false)]
    public void Retriable_is_what_a_retry_can_cure(ErrorCode code, bool retriable) => Assert.Equal(retriable, ErrorCodeFacts.IsRetriable(code));

    [Theory]
    [MemberData(nameof(Codes))]
    public void Each_code_has_one_sentence(ErrorCode code)
    {
        string sentence = ErrorCodeFacts.Describe(code);
        Assert.EndsWith(".", sentence, StringComparison.Ordinal);
        Assert.True(char.IsUpper(sentence[0]), sentence);
        Assert.Equal(1, Enum.GetValues<ErrorCode>().Count(c => ErrorCodeFacts.Describe(c) == sentence));
    }
}
