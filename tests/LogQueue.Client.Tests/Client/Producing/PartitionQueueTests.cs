using LogQueue.Client.Producing;
using LogQueue.Protocol;
using LogQueue.Records;

namespace LogQueue.Client.Tests.Client.Producing;

public sealed class PartitionQueueTests
{
    private static readonly ProducerIdentity First = new(7, 0);

    private readonly SendContext _context;
    private readonly PartitionQueue _queue;

    public PartitionQueueTests()
    {
        _context = new SendContext(new ProducerOptions { BatchBytes = 1024, Compression = CompressionType.None }, new ClientOptions());
        _queue = new PartitionQueue(new TopicPartition("t", 0), _context);

        // The broker knows us: record 0 is stored.
        _context.Budget.TryAcquire(100);
        _queue.Settle(this);
        Complete(Send(1), ErrorCode.None);
    }

    [Fact]
    public void A_batch_opens_fills_and_closes()
    {
        (ProducerBatch a, short i, bool mustRoute, bool isFull) = Add(400);
        Assert.Equal((0, true, false), (i, mustRoute, isFull));
        (ProducerBatch b, i, mustRoute, isFull) = Add(400);
        Assert.Equal((a, 1, false, false), (b, i, mustRoute, isFull));
        (ProducerBatch c, i, mustRoute, isFull) = Add(400);
        Assert.NotSame(a, c);
        Assert.Equal((0, false, true), (i, mustRoute, isFull));
        Assert.True(a.IsSealed);
    }

    [Fact]
    public void An_unfilled_batch_waits_behind_requests_and_a_full_one_does_not()
    {
        Add(400);
        Assert.Null(Take(mayBePartial: false));
        Add(400);
        Add(400);
        Assert.Equal(2, Take(mayBePartial: false)!.RecordCount);
        Assert.Null(Take(mayBePartial: false));
        Assert.Equal(1, Take(mayBePartial: true)!.RecordCount);
    }

    [Fact]
    public void Sequences_run_on_from_batch_to_batch()
    {
        ProducerBatch a = Send(2);
        ProducerBatch b = Send(3);
        ProducerBatch c = Send(1);
        Assert.Equal([1, 3, 6], new[] { a, b, c }.Select(static x => x.BaseSequence));
        var view = new RecordBatchView(b.Bytes().Span);
        Assert.Equal((7L, (short)0, 3, 3), (view.ProducerId, view.ProducerEpoch, view.BaseSequence, view.RecordCount));
    }

    [Theory]
    [InlineData(0, 5, 5)]
    [InlineData(int.MaxValue, 1, 0)]
    [InlineData(int.MaxValue - 1, 5, 3)]
    public void Sequences_wrap_to_zero(int sequence, int count, int next) => Assert.Equal(next, PartitionQueue.SequenceAfter(sequence, count));

    [Fact]
    public void After_a_lost_answer_all_goes_again_in_order_when_everything_came_back()
    {
        ProducerBatch a = Send(1);
        ProducerBatch b = Send(1);
        ProducerBatch c = Send(1);
        Assert.Equal(QueueStep.None, Complete(b, ErrorCode.OutOfOrderSequenceNumber));
        Add(10);
        Assert.Null(Take(mayBePartial: true));
        Assert.Equal(QueueStep.None, Complete(a, ErrorCode.NetworkException));
        Assert.Equal(QueueStep.ScheduleRetry, Complete(c, ErrorCode.OutOfOrderSequenceNumber));
        Assert.False(_queue.NeedsIdentity);
        Assert.True(Resume(ProducerIdentity.None));
        ProducerBatch[] again = [Take(true)!, Take(true)!, Take(true)!, Take(true)!];
        Assert.Equal([a, b, c], again[..3]);
        Assert.Equal([1, 2, 3, 4], again.Select(static x => x.BaseSequence));
        Assert.All(again[..3], static x => Assert.Equal(2, x.Attempts));
    }

    [Fact]
    public void Only_the_sender_it_was_given_to_last_takes_from_it()
    {
        ProducerBatch a = Send(1);
        Add(10);
        Assert.Equal(QueueStep.ScheduleRetry, Complete(a, ErrorCode.NotLeaderOrFollower));
        Assert.True(_queue.Resume(ProducerIdentity.None));
        var next = new object();
        _queue.Settle(next);
        Assert.Null(Take(mayBePartial: true));
        Assert.Same(a, _queue.Take(next, mayBePartial: true, long.MinValue, First, out bool isIdle, out _));
        Assert.False(isIdle);
    }

    [Fact]
    public void A_pause_that_ends_while_requests_are_in_flight_ends_nothing()
    {
        ProducerBatch a = Send(1);
        ProducerBatch b = Send(1);
        Complete(a, ErrorCode.NetworkException);
        Assert.False(Resume(ProducerIdentity.None));
        Assert.Null(Take(mayBePartial: true));
        Assert.Equal(QueueStep.ScheduleRetry, Complete(b, ErrorCode.NetworkException));
        Assert.True(Resume(ProducerIdentity.None));
        Assert.Same(a, Take(mayBePartial: true));
    }

    [Fact]
    public async Task After_a_gap_the_rest_goes_again_in_the_next_epoch_from_zero()
    {
        ProducerBatch lost = Send(1);
        ProducerBatch a = Send(3);
        ProducerBatch b = Send(1);
        Complete(lost, ErrorCode.MessageTooLarge);
        Assert.Equal(QueueStep.None, Complete(a, ErrorCode.OutOfOrderSequenceNumber));
        Assert.Equal(QueueStep.ScheduleRetry, Complete(b, ErrorCode.OutOfOrderSequenceNumber));
        Assert.False(_queue.NeedsIdentity);
        Assert.True(Resume(ProducerIdentity.None));
        Assert.Same(a, Take(true));

        // The new epoch has to be known before more follows.
        Assert.Null(Take(true));
        Complete(a, ErrorCode.None, 10);
        Assert.Same(b, Take(true));
        Assert.Equal((0, 3), (a.BaseSequence, b.BaseSequence));
        var view = new RecordBatchView(b.Bytes().Span);
        Assert.Equal((7L, (short)1, 3), (view.ProducerId, view.ProducerEpoch, view.BaseSequence));
        Assert.True(view.IsChecksumValid);
        Assert.Equal(11, (await new ValueTask<RecordMetadata>(a, 1)).Offset);
        KafkaException error = await Assert.ThrowsAsync<KafkaException>(async () => await new ValueTask<RecordMetadata>(lost, 0));
        Assert.Equal(ErrorCode.MessageTooLarge, error.ErrorCode);
        Assert.Contains("t-0", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_fenced_epoch_asks_for_a_fresh_id()
    {
        ProducerBatch a = Send(2);
        Assert.Equal(QueueStep.ScheduleRetry, Complete(a, ErrorCode.InvalidProducerEpoch));
        Assert.True(_queue.NeedsIdentity);
        Assert.True(Resume(new ProducerIdentity(99, 4)));
        Assert.False(_queue.NeedsIdentity);
        Assert.Same(a, Take(true));
        Assert.Equal((new ProducerIdentity(99, 4), 0), (a.Identity, a.BaseSequence));
    }

    [Fact]
    public async Task A_batch_that_is_too_large_goes_again_in_parts_with_the_same_numbers()
    {
        ProducerBatch before = Send(1);
        ProducerBatch large = Send(7);
        ProducerBatch after = Send(2);
        Task<RecordMetadata>[] sends = [.. Enumerable.Range(0, 7).Select(i => new ValueTask<RecordMetadata>(large, (short)i).AsTask())];
        Complete(before, ErrorCode.None, 0);
        Complete(large, ErrorCode.MessageTooLarge);
        Assert.Equal(QueueStep.ScheduleRetry, Complete(after, ErrorCode.OutOfOrderSequenceNumber));
        Assert.True(Resume(ProducerIdentity.None));
        var again = new List<ProducerBatch>();
        while (Take(true) is { } part)
        {
            again.Add(part);
        }

        Assert.True(again.Count >= 3);
        Assert.Same(after, again[^1]);
        int sequence = 2;
        foreach (ProducerBatch part in again)
        {
            var view = new RecordBatchView(part.Bytes().Span);
            Assert.Equal((7L, (short)0, sequence, part.RecordCount), (view.ProducerId, view.ProducerEpoch, view.BaseSequence, view.RecordCount));
            sequence += part.RecordCount;
        }

        Assert.Equal(11, sequence);

        // The last part fails once more and keeps its place; sends complete when all parts are done, each with its own offset.
        Complete(again[0], ErrorCode.None, 100);
        Assert.False(sends[0].IsCompleted);
        Complete(again[^1], ErrorCode.OutOfOrderSequenceNumber);
        for (int i = 1; i < again.Count - 1; i++)
        {
            Complete(again[i], i == again.Count - 2 ? ErrorCode.NetworkException : ErrorCode.None, 200 * i);
        }

        Assert.True(Resume(ProducerIdentity.None));
        Assert.Same(again[^2], Take(true));
        Complete(again[^2], ErrorCode.InvalidRecord);
        RecordMetadata first = await sends[0].WaitAsync(TimeSpan.FromSeconds(5));
        Assert.Equal(100, first.Offset);
        KafkaException error = await Assert.ThrowsAsync<KafkaException>(() => sends[6].WaitAsync(TimeSpan.FromSeconds(5)));
        Assert.Equal(ErrorCode.InvalidRecord, error.ErrorCode);
        await large.WhenDoneAsync().WaitAsync(TimeSpan.FromSeconds(5));
        Assert.Equal(-800, _context.Budget.UsedBytes);
    }

    [Fact]
    public void A_duplicate_is_a_success()
    {
        ProducerBatch a = Send(1);
        Assert.Equal(QueueStep.None, Complete(a, ErrorCode.DuplicateSequenceNumber));
        Assert.True(new ValueTask<RecordMetadata>(a, 0).IsCompletedSuccessfully);
    }

    [Fact]
    public void Memory_comes_back_whatever_becomes_of_a_batch()
    {
        foreach (ErrorCode outcome in new[] { ErrorCode.None, ErrorCode.InvalidRecord, ErrorCode.DuplicateSequenceNumber })
        {
            Assert.True(_context.Budget.TryAcquire(100));
            ProducerBatch batch = Send(1);
            Complete(batch, outcome);
            Assert.Equal(0, _context.Budget.UsedBytes);
        }

        Assert.True(_context.Budget.TryAcquire(200));
        ProducerBatch inFlight = Send(1);
        Add(10);
        _queue.Expire(long.MaxValue, _context.TimedOut);
        Assert.True(inFlight.IsDone);
        Assert.Equal(100, _context.Budget.UsedBytes);
        Complete(inFlight, ErrorCode.None);
        Assert.Equal(0, _context.Budget.UsedBytes);
        ProducerStatistics counts = _context.Statistics.Read(0, 0);
        Assert.Equal((3, 3), (counts.RecordsAcknowledged, counts.RecordsFailed));
    }

    private (ProducerBatch Batch, short Index, bool MustRoute, bool IsFull) Add(int valueBytes) =>
        _queue.Append(new OutgoingRecord("t", null, new byte[valueBytes]), 1, 100);

    private ProducerBatch? Take(bool mayBePartial)
    {
        ProducerBatch? batch = _queue.Take(this, mayBePartial, long.MinValue, First, out _, out _);
        batch?.Bytes();
        return batch;
    }

    private ProducerBatch Send(int records)
    {
        for (int i = 0; i < records; i++)
        {
            Add(10);
        }

        ProducerBatch batch = Take(mayBePartial: true)!;
        Assert.Equal(records, batch.RecordCount);
        return batch;
    }

    private bool Resume(ProducerIdentity fresh)
    {
        bool hasWork = _queue.Resume(fresh);
        _queue.Settle(this);
        return hasWork;
    }

    private QueueStep Complete(ProducerBatch batch, ErrorCode error, long offset = 0) =>
        _queue.Complete(batch, new BatchOutcome(error, offset, -1, null), isExpired: false);
}
