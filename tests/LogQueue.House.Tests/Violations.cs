using System.Text;

namespace LogQueue.House.Tests;

/// <summary>Collects what breaks one rule and fails with the rule, each place, and the remedy. Not thread-safe.</summary>
internal sealed class Violations(string rule, string remedy)
{
    private readonly List<string> _places = [];

    public void Add(string place) => _places.Add(place);

    public void AssertNone()
    {
        if (_places.Count == 0)
        {
            return;
        }

        var text = new StringBuilder().Append("Rule: ").AppendLine(rule);
        foreach (string place in _places)
        {
            text.Append("  ").AppendLine(place);
        }

        Assert.Fail(text.Append("Remedy: ").Append(remedy).ToString());
    }
}
