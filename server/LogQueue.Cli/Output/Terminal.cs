using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spectre.Console;

namespace LogQueue.Cli.Output;

/// <summary>Where a verb prints: data to stdout, talk to stderr; tables and live lines only on a terminal. Not thread-safe.</summary>
internal sealed class Terminal
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder =
        JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly bool _outIsTty;
    private readonly bool _errorsAreTty;
    private bool _noColor;
    private int _liveWidth;

    /// <summary>How a JSON object is written on one line.</summary>
    public static JsonSerializerOptions OneLine { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public Terminal(TextWriter output, TextWriter errors, bool outIsTty, bool errorsAreTty)
    {
        Out = output;
        Errors = errors;
        _outIsTty = outIsTty;
        _errorsAreTty = errorsAreTty;
    }

    public TextWriter Out { get; }

    public TextWriter Errors { get; }

    public OutputFormat Format { get; private set; }

    /// <summary>True when stdout may carry tables and colour.</summary>
    public bool IsRich => _outIsTty && !_noColor && Format == OutputFormat.Table;

    /// <summary>True when stderr may carry a line that is updated in place.</summary>
    public bool IsLive => _errorsAreTty && !_noColor;

    public static Terminal ForThisProcess()
    {
        var terminal = new Terminal(Console.Out, Console.Error, !Console.IsOutputRedirected, !Console.IsErrorRedirected);
        terminal._noColor = !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
        return terminal;
    }

    public void Use(OutputFormat format, bool noColor)
    {
        Format = format;
        _noColor |= noColor;
    }

    /// <summary>Prints rows in the wanted form; <paramref name="json"/> is their machine-readable twin.</summary>
    public void Table(IReadOnlyList<string> headers, IReadOnlyList<string[]> rows, JsonArray json)
    {
        switch (Format)
        {
            case OutputFormat.Json:
                Json(json);
                break;
            case OutputFormat.Ndjson:
                foreach (JsonNode? row in json)
                {
                    Out.WriteLine(row!.ToJsonString(OneLine));
                }

                break;
            case OutputFormat.Csv:
                Out.WriteLine(Csv.Line(headers));
                foreach (string[] row in rows)
                {
                    Out.WriteLine(Csv.Line(row));
                }

                break;
            default:
                Rows(headers, rows);
                break;
        }
    }

    /// <summary>Prints one JSON document.</summary>
    public void Json(JsonNode node) => Out.WriteLine(node.ToJsonString(Indented));

    /// <summary>Prints one JSON object on a line.</summary>
    public void JsonLine(JsonNode node) => Out.WriteLine(node.ToJsonString(OneLine));

    /// <summary>Says a sentence to the person, on stderr.</summary>
    public void Say(string line)
    {
        ClearLive();
        Errors.WriteLine(line);
    }

    /// <summary>Updates the live line; in a pipe nothing is written.</summary>
    public void Live(string line)
    {
        if (IsLive)
        {
            Errors.Write('\r' + line.PadRight(_liveWidth));
            _liveWidth = line.Length;
        }
    }

    /// <summary>Wipes the live line.</summary>
    public void ClearLive()
    {
        if (_liveWidth > 0)
        {
            Errors.Write('\r' + new string(' ', _liveWidth) + '\r');
            _liveWidth = 0;
        }
    }

    /// <summary>Tells an error in one line, or as JSON where JSON was asked for, and gives its exit code.</summary>
    public int Fail(CliException error)
    {
        ClearLive();
        if (error.ExitCode == ExitCode.Interrupted)
        {
            return error.ExitCode;
        }

        if (Format is OutputFormat.Json or OutputFormat.Ndjson)
        {
            JsonLine(new JsonObject
            {
                ["error"] = new JsonObject
                {
                    ["code"] = error.Code,
                    ["message"] = error.Message,
                    ["hint"] = error.Hint,
                    ["retriable"] = error.IsRetriable,
                },
            });
        }
        else
        {
            string message = error.Message.ReplaceLineEndings(" ").TrimEnd('.', ' ');
            Errors.WriteLine($"logqueue: {message}{(error.Hint is { } hint ? "; " + hint : "")}");
        }

        return error.ExitCode;
    }

    private void Rows(IReadOnlyList<string> headers, IReadOnlyList<string[]> rows)
    {
        if (!IsRich)
        {
            Out.WriteLine(string.Join('\t', headers));
            foreach (string[] row in rows)
            {
                Out.WriteLine(string.Join('\t', row));
            }

            return;
        }

        Table table = new Table().Border(TableBorder.None);
        foreach (string header in headers)
        {
            table.AddColumn(new TableColumn(new Markup($"[bold]{Markup.Escape(header)}[/]")).NoWrap().PadRight(2));
        }

        foreach (string[] row in rows)
        {
            table.AddRow([.. row.Select(static cell => new Text(cell))]);
        }

        AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Out) }).Write(table);
    }
}
