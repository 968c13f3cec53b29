using System.Text.Json;

namespace LogQueue.EngineBench.Reporting;

/// <summary>All raw figures, with the machine, as JSON. Stateless.</summary>
internal static class BenchJson
{
    /// <summary>Writes the file.</summary>
    public static void Write(string path, IReadOnlyList<KeyValuePair<string, string>> machine, IReadOnlyList<Outcome> outcomes)
    {
        using FileStream file = File.Create(path);
        using var json = new Utf8JsonWriter(file, new JsonWriterOptions { Indented = false });
        json.WriteStartObject();
        json.WriteStartObject("machine");
        foreach ((string name, string value) in machine)
        {
            json.WriteString(name, value);
        }

        json.WriteEndObject();
        json.WriteStartArray("goals");
        foreach (Outcome outcome in outcomes)
        {
            WriteOne(json, outcome);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteOne(Utf8JsonWriter json, Outcome outcome)
    {
        json.WriteStartObject();
        json.WriteString("id", outcome.Goal.Id);
        json.WriteString("title", outcome.Goal.Title);
        json.WriteString("unit", outcome.Goal.Unit);
        json.WriteString("goal", outcome.Goal.Line);
        json.WriteString("subject_is", outcome.Goal.Subject);
        json.WriteString("control_is", outcome.Goal.Control);
        json.WriteBoolean("reached", outcome.IsReached);
        json.WriteNumber("median", Round(outcome.Judged.Median));
        json.WriteNumber("min", Round(outcome.Judged.Min));
        json.WriteNumber("max", Round(outcome.Judged.Max));
        json.WriteNumber("steal_share", Round(outcome.StealShare));
        WriteList(json, "subject", outcome.Subject);
        WriteList(json, "control", outcome.Control);
        foreach ((string name, List<double> figures) in outcome.Extra)
        {
            WriteList(json, name, figures);
        }

        json.WriteEndObject();
    }

    private static void WriteList(Utf8JsonWriter json, string name, List<double> figures)
    {
        json.WriteStartArray(name);
        figures.ForEach(figure => json.WriteNumberValue(Round(figure)));
        json.WriteEndArray();
    }

    private static double Round(double figure) => figure == 0 ? 0
        : Math.Round(figure, Math.Clamp(5 - (int)Math.Floor(Math.Log10(Math.Abs(figure))), 0, 12));
}
