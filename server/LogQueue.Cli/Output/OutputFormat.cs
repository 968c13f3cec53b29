namespace LogQueue.Cli.Output;

/// <summary>Form of what a verb prints to stdout.</summary>
internal enum OutputFormat
{
    /// <summary>A table on a terminal, tab-separated lines in a pipe.</summary>
    Table,

    /// <summary>One JSON document.</summary>
    Json,

    /// <summary>One JSON object a line.</summary>
    Ndjson,

    /// <summary>Comma-separated values with a header line (RFC 4180).</summary>
    Csv,
}
