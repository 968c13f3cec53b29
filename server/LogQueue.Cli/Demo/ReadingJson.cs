using System.Text.Json.Serialization;

namespace LogQueue.Cli.Demo;

/// <summary>Generated JSON code of <see cref="Reading"/>.</summary>
[JsonSerializable(typeof(Reading))]
internal sealed partial class ReadingJson : JsonSerializerContext;
