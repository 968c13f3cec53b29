using LogQueue.Client.Consuming;
using LogQueue.Records;

namespace LogQueue.Client.Tests.Client.Consuming;

public sealed class ReadStateTests
{
    private static readonly TopicPartition A = new("t", 0);
    private static readonly TopicPartition B = new("t", 1);

    private readonly ReadState _state = new(new ConsumerOptions { Topics = ["t"] }, static () => { });

    [Fact]
    public async Task The_reader_takes_partitions_in_turn()
    {
        Start(A, B);
        Add(A, 0, 2);
        Add(A, 2, 2);
        Add(B, 0, 2);
        Assert.Equal([A, B, A], [await TakeAsync(), await TakeAsync(), await TakeAsync()]);
    }

    [Fact]
    public async Task What_was_fetched_before_a_seek_is_dropped()
    {
        Start(A);
        (ReadPartition partition, int seekCount) = _state.Read(p => (p[A], p[A].SeekCount));
        _state.Seek(A, 100);
        _state.Add(partition, seekCount, [Chunk(partition, 0, 5)], 5, 200);
        Assert.Equal(100, _state.Read(p => p[A].FetchOffset));
        ValueTask<FetchedChunk?> taking = _state.TakeAsync(CancellationToken.None);
        Assert.False(taking.IsCompleted);
        Add(A, 100, 1);
        Assert.Equal(100, (await taking)!.Records[0].Offset);
    }

    [Fact]
    public async Task Freezing_waits_until_the_reader_has_asked_past_what_it_holds()
    {
        Start(A);
        Add(A, 0, 5);
        FetchedChunk chunk = (await _state.TakeAsync(CancellationToken.None))!;
        Task quiet = _state.FreezeAsync();
        Assert.True(chunk.MustStop);
        Assert.False(quiet.IsCompleted);
        _state.GiveBack(chunk, 2, isAskedPast: true);
        await quiet.WaitAsync(TimeSpan.FromSeconds(5));
        Assert.Equal(2, _state.Read(p => p[A].Position));
        Assert.False(_state.TakeAsync(CancellationToken.None).AsTask().IsCompleted);
        Assert.True(_state.FreezeAsync().IsCompletedSuccessfully);
    }

    [Fact]
    public async Task A_reader_that_stops_at_a_record_has_not_asked_past_it()
    {
        Start(A);
        Add(A, 0, 3);
        FetchedChunk chunk = (await _state.TakeAsync(CancellationToken.None))!;
        chunk.Position = 1;
        _state.GiveBack(chunk, 2, isAskedPast: false);
        Assert.Equal(1, _state.Read(p => p[A].Position));
        FetchedChunk again = (await _state.TakeAsync(CancellationToken.None))!;
        Assert.Equal((2, 2L), (again.Start, again.Position));
    }

    [Fact]
    public async Task An_error_reaches_the_reader_that_waits()
    {
        Start(A);
        Task<FetchedChunk?> taking = _state.TakeAsync(CancellationToken.None).AsTask();
        _state.Fail(new KafkaException(LogQueue.Protocol.ErrorCode.CorruptMessage, "broken"));
        await Assert.ThrowsAsync<KafkaException>(() => taking.WaitAsync(TimeSpan.FromSeconds(5)));
    }

    [Fact]
    public async Task Closing_ends_the_reading()
    {
        Start(A);
        Task<FetchedChunk?> taking = _state.TakeAsync(CancellationToken.None).AsTask();
        _state.Close();
        Assert.Null(await taking.WaitAsync(TimeSpan.FromSeconds(5)));
    }

    private void Start(params TopicPartition[] partitions)
    {
        _state.Assign(partitions);
        foreach (TopicPartition id in partitions)
        {
            _state.Change(id, static p => (p.HasPosition, p.FetchOffset, p.DeliveredOffset) = (true, 0, 0));
        }
    }

    private void Add(TopicPartition id, long offset, int count)
    {
        (ReadPartition partition, int seekCount) = _state.Read(p => (p[id], p[id].SeekCount));
        _state.Add(partition, seekCount, [Chunk(partition, offset, count)], offset + count, offset + count);
    }

    private async Task<TopicPartition> TakeAsync()
    {
        FetchedChunk chunk = (await _state.TakeAsync(CancellationToken.None))!;
        _state.GiveBack(chunk, chunk.Count, isAskedPast: true);
        return chunk.Partition.Id;
    }

    private static FetchedChunk Chunk(ReadPartition partition, long offset, int count)
    {
        ConsumedRecord[] records = [.. Enumerable.Range(0, count).Select(i => new ConsumedRecord("t", partition.Id.Partition, offset + i, 0, null, null))];
        return new FetchedChunk(partition, records, count, offset + count, 1);
    }
}
