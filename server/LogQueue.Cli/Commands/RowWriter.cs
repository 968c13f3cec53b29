using System.Text.Json.Nodes;
using LogQueue.Cli.Output;

namespace LogQueue.Cli.Commands;

/// <summary>Prints rows as they come, in the wanted form, however many there are. Not thread-safe.</summary>
internal sealed class RowWriter(Terminal terminal, string[] headers)
{
    /// <summary>A table on a terminal is laid out for this many rows at a time.</summary>
    private const int RowsOfATable = 500;

    private readonly List<string[]> _table = [];
    private long _count;

    public void Add(string[] cells, Func<JsonObject> json)
    {
        switch (terminal.Format)
        {
            case OutputFormat.Json:
                terminal.Out.Write(_count == 0 ? "[\n" : ",\n");
                terminal.Out.Write(json().ToJsonString(Terminal.OneLine));
                break;
            case OutputFormat.Ndjson:
                terminal.JsonLine(json());
                break;
            case OutputFormat.Csv:
                Head(static line => Csv.Line(line));
                terminal.Out.WriteLine(Csv.Line(cells));
                break;
            default:
                AddToTable(cells);
                break;
        }

        _count++;
    }

    public void Finish()
    {
        switch (terminal.Format)
        {
            case OutputFormat.Json:
                terminal.Out.WriteLine(_count == 0 ? "[]" : "\n]");
                break;
            case OutputFormat.Csv when _count == 0:
                Head(static line => Csv.Line(line));
                break;
            case OutputFormat.Table when _count == 0 || _table.Count > 0:
                terminal.Table(headers, _table, []);
                break;
        }

        terminal.Out.Flush();
    }

    private void AddToTable(string[] cells)
    {
        if (!terminal.IsRich)
        {
            Head(static line => string.Join('\t', line));
            terminal.Out.WriteLine(string.Join('\t', cells.Select(static cell => cell.Replace("\t", "\\t", StringComparison.Ordinal))));
            return;
        }

        _table.Add(cells);
        if (_table.Count == RowsOfATable)
        {
            terminal.Table(headers, _table, []);
            _table.Clear();
        }
    }

    private void Head(Func<string[], string> format)
    {
        if (_count == 0)
        {
            terminal.Out.WriteLine(format(headers));
        }
    }
}
