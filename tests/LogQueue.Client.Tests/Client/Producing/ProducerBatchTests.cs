using LogQueue.Client.Producing;
using LogQueue.Protocol;
using LogQueue.Records;

namespace LogQueue.Client.Tests.Client.Producing;

public sealed class ProducerBatchTests
{
    private readonly ProducerBatch _batch;

    public ProducerBatchTests()
    {
        var context = new SendContext(new ProducerOptions(), new ClientOptions());
        _batch = new ProducerBatch(new PartitionQueue(new TopicPartition("t", 3), context), 0, 0, context.BuilderOptions);
        for (int i = 0; i < 20; i++)
        {
            Assert.True(_batch.TryAppend(new OutgoingRecord("t", null, new byte[1]), 1000 + i, 10));
        }
    }

    [Fact]
    public async Task Every_record_learns_its_own_offset_and_time()
    {
        Task<RecordMetadata>[] waiting = [.. Enumerable.Range(0, 20).Select(i => new ValueTask<RecordMetadata>(_batch, (short)i).AsTask())];
        Assert.All(waiting, static t => Assert.False(t.IsCompleted));
        Assert.True(_batch.TrySucceed(100, -1));
        RecordMetadata[] places = await Task.WhenAll(waiting).WaitAsync(TimeSpan.FromSeconds(5));
        Assert.Equal(Enumerable.Range(100, 20).Select(static i => (long)i), places.Select(static p => p.Offset));
        Assert.Equal(Enumerable.Range(1000, 20).Select(static i => (long)i), places.Select(static p => p.Timestamp.ToUnixTimeMilliseconds()));
        Assert.Equal(new TopicPartition("t", 3), places[0].Partition);
    }

    [Fact]
    public async Task The_brokers_time_counts_when_it_gives_one()
    {
        _batch.TrySucceed(5, 777_000);
        Assert.Equal(777_000, (await new ValueTask<RecordMetadata>(_batch, 2)).Timestamp.ToUnixTimeMilliseconds());
    }

    [Fact]
    public async Task The_first_outcome_stands()
    {
        Assert.True(_batch.TryFail(new KafkaException(ErrorCode.RequestTimedOut, "late")));
        Assert.False(_batch.TrySucceed(1, -1));
        Assert.False(_batch.TryFail(new InvalidOperationException()));
        await Assert.ThrowsAsync<KafkaException>(async () => await new ValueTask<RecordMetadata>(_batch, 0));
        await _batch.WhenDoneAsync();
    }
}
