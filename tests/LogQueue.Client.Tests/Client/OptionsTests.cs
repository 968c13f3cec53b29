namespace LogQueue.Client.Tests.Client;

public sealed class OptionsTests
{
    [Fact]
    public void Defaults_are_usable()
    {
        Assert.Empty(new ClientOptions().Validate());
        Assert.Empty(new ProducerOptions().Validate());
        Assert.Empty(new ConsumerOptions { Topics = ["t"] }.Validate());
    }

    [Fact]
    public void Every_problem_is_told_at_once()
    {
        Assert.Equal(2, new ClientOptions { RequestTimeout = TimeSpan.Zero, MaxResponseBytes = 1 }.Validate().Count);
        Assert.Equal(2, new ProducerOptions { MaxInFlight = 6, BatchBytes = 1 }.Validate().Count);
        Assert.Empty(new ProducerOptions { MaxInFlight = 6, Acks = Acks.Leader }.Validate());
        Assert.Equal(2, new ConsumerOptions { Group = "", HeartbeatInterval = TimeSpan.FromMinutes(1), Topics = ["t"] }.Validate().Count);
    }

    [Fact]
    public void A_client_refuses_options_that_do_not_work()
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => LogQueueClient.Connect("a:1", new ClientOptions { ConnectTimeout = TimeSpan.Zero }));
        Assert.Contains("ConnectTimeout", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => LogQueueClient.Connect("a:b"));
    }

    [Fact]
    public void Positions_say_what_they_are()
    {
        Assert.Equal("beginning", StartPosition.Beginning.ToString());
        Assert.Equal(StartPosition.Offset(5), StartPosition.Offset(5));
        Assert.Throws<ArgumentOutOfRangeException>(() => StartPosition.Offset(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => StartPosition.FromEnd(-1));
    }
}
