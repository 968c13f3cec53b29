using System.Text.Json.Serialization;

namespace LogQueue.Cli.Demo;

/// <summary>One reading of a sensor: the value of a demo record, as JSON.</summary>
/// <param name="Value">The number.</param>
/// <param name="Unit">Its unit.</param>
internal readonly record struct Reading([property: JsonPropertyName("value")] double Value,
    [property: JsonPropertyName("unit")] string Unit);
