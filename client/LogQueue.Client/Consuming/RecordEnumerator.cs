namespace LogQueue.Client.Consuming;

/// <summary>Walks chunks record by record; only the step from chunk to chunk may wait. One caller.</summary>
internal sealed class RecordEnumerator(ReadState state, Action onEnd, CancellationToken cancellationToken)
    : IAsyncEnumerator<ConsumedRecord>
{
    private FetchedChunk? _chunk;
    private int _index;

    public ConsumedRecord Current { get; private set; } = null!;

    public ValueTask<bool> MoveNextAsync()
    {
        FetchedChunk? chunk = _chunk;
        if (chunk is not null && _index + 1 < chunk.Count && !chunk.MustStop && !cancellationToken.IsCancellationRequested)
        {
            chunk.Position = Current.Offset + 1;
            Current = chunk.Records[++_index];
            return new ValueTask<bool>(true);
        }

        return NextChunkAsync();
    }

    public ValueTask DisposeAsync()
    {
        if (_chunk is { } chunk)
        {
            _chunk = null;
            state.GiveBack(chunk, _index + 1, isAskedPast: false);
        }

        onEnd();
        return default;
    }

    private async ValueTask<bool> NextChunkAsync()
    {
        if (_chunk is { } done)
        {
            _chunk = null;
            state.GiveBack(done, _index + 1, isAskedPast: true);
        }

        cancellationToken.ThrowIfCancellationRequested();
        FetchedChunk? next = await state.TakeAsync(cancellationToken).ConfigureAwait(false);
        if (next is null)
        {
            return false;
        }

        _chunk = next;
        _index = next.Start;
        Current = next.Records[_index];
        return true;
    }
}
