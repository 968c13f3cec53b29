namespace LogQueue.TestKit.Oracle;

/// <summary>The committed offset of a group in a partition: the last that was acknowledged, and those asked for since.</summary>
internal sealed class OffsetLedger
{
    private readonly List<long> _asked = [];
    private long? _acknowledged;

    internal void Attempt(long offset) => _asked.Add(offset);

    internal void Acknowledge(long offset)
    {
        _acknowledged = offset;
        int at = _asked.IndexOf(offset);
        _asked.RemoveRange(0, at + 1);
    }

    internal string? Judge(long? found)
    {
        if (found == _acknowledged || (found is { } f && _asked.Contains(f)))
        {
            return null;
        }

        return $"the committed offset is {found?.ToString() ?? "lost"}; {_acknowledged?.ToString() ?? "none"} was acknowledged"
            + (_asked.Count == 0 ? "" : $", {string.Join(", ", _asked)} asked for since");
    }

    internal OffsetLedger Copy()
    {
        var copy = new OffsetLedger { _acknowledged = _acknowledged };
        copy._asked.AddRange(_asked);
        return copy;
    }
}
