using System;
using System.Globalization;

namespace LogQueue.Protocol.Generator;

/// <summary>An inclusive range of message versions; empty when <see cref="Low"/> is above <see cref="High"/>. Immutable.</summary>
internal readonly struct VersionRange : IEquatable<VersionRange>
{
    public static readonly VersionRange None = new(1, 0);

    public VersionRange(int low, int high)
    {
        Low = low;
        High = high;
    }

    public int Low { get; }

    public int High { get; }

    public bool IsEmpty => Low > High;

    public VersionRange Intersect(VersionRange other) => new(Math.Max(Low, other.Low), Math.Min(High, other.High));

    public bool Covers(VersionRange other) => other.IsEmpty || (Low <= other.Low && High >= other.High);

    public bool Equals(VersionRange other) => (IsEmpty && other.IsEmpty) || (Low == other.Low && High == other.High);

    public override bool Equals(object? obj) => obj is VersionRange other && Equals(other);

    public override int GetHashCode() => IsEmpty ? 0 : (Low * 31) + High;

    /// <summary>Parses <c>3</c>, <c>3+</c>, <c>3-5</c> or <c>none</c>.</summary>
    public static bool TryParse(string text, out VersionRange range)
    {
        range = None;
        if (text == "none")
        {
            return true;
        }

        int dash = text.IndexOf('-');
        if (text.EndsWith("+", StringComparison.Ordinal))
        {
            if (!TryNumber(text.Substring(0, text.Length - 1), out int low))
            {
                return false;
            }

            range = new VersionRange(low, short.MaxValue);
            return true;
        }

        string first = dash < 0 ? text : text.Substring(0, dash);
        string last = dash < 0 ? text : text.Substring(dash + 1);
        if (!TryNumber(first, out int from) || !TryNumber(last, out int to) || from > to)
        {
            return false;
        }

        range = new VersionRange(from, to);
        return true;
    }

    private static bool TryNumber(string text, out int value) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value <= short.MaxValue;
}
