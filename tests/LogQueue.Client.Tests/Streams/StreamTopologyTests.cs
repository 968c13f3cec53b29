using LogQueue.Client.Serialization;
using LogQueue.Streams;

namespace LogQueue.Client.Tests.Streams;

public sealed class StreamTopologyTests
{
    [Fact]
    public void It_describes_itself()
    {
        var builder = new StreamBuilder("app");
        EventStream<string, double> readings = builder.Stream("readings", Serdes.Utf8, Serdes.Double).Where(static (_, v) => v > 0);
        readings.To("positive", Serdes.Utf8, Serdes.Double);
        readings.GroupByKey().Window(WindowSpec.Tumbling(TimeSpan.FromHours(1), TimeSpan.FromMinutes(1)))
            .Aggregate(static () => 0.0, static (sum, v) => sum + v).EmitOnClose().ForEach(static _ => { });

        Assert.Equal(
            """
            app
              topic readings
                filter
                  to topic positive
                  aggregate by key, tumbling 01:00:00, grace 00:01:00, emit on close
                    to code

            """,
            builder.Build().Describe(),
            ignoreLineEndingDifferences: true);
    }

    [Fact]
    public async Task Filter_and_map_lead_to_a_topic_with_event_time()
    {
        var builder = new StreamBuilder("app");
        builder.Stream("readings", Serdes.Utf8, Serdes.Int64)
            .WithEventTime(static v => DateTimeOffset.FromUnixTimeMilliseconds(v))
            .Where(static (_, v) => v % 2 == 0)
            .Select(static (k, v) => $"{k}:{v}")
            .To("out", Serdes.Utf8, Serdes.Utf8);
        var driver = new TopologyDriver(builder.Build());

        for (byte i = 0; i < 4; i++)
        {
            await driver.PushAsync(new ConsumedRecord("readings", 0, i, 999, "k"u8.ToArray(), new byte[] { 0, 0, 0, 0, 0, 0, 0, i }));
        }

        Assert.Equal(["k:0", "k:2"], driver.Written.Select(static r => r.ValueText));
        Assert.Equal([0L, 2L], driver.Written.Select(static r => r.TimestampMs));
    }

    [Fact]
    public void A_stream_that_leads_nowhere_is_refused()
    {
        var builder = new StreamBuilder("app");
        builder.Stream("readings", Serdes.Utf8, Serdes.Double).Where(static (_, v) => v > 0);

        Assert.Contains("filter", Assert.Throws<InvalidOperationException>(builder.Build).Message, StringComparison.Ordinal);
    }
}
