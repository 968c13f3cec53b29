using System;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace LogQueue.Protocol.Generator;

/// <summary>
/// Turns every <c>*.msg</c> among the additional files into the C# of its messages. A schema that breaks the grammar is a compiler
/// error at its line (<c>LQ0001</c> grammar, <c>LQ0002</c> unknown type, <c>LQ0003</c> version range, <c>LQ0004</c> duplicate name,
/// <c>LQ0005</c> duplicate tag, <c>LQ0006</c> default, <c>LQ0007</c> attribute that does not fit the type, <c>LQ0008</c> endless
/// structure).
/// </summary>
[Generator(LanguageNames.CSharp)]
public sealed class MessageGenerator : IIncrementalGenerator
{
    /// <inheritdoc/>
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        IncrementalValueProvider<string> rootNamespace = context.AnalyzerConfigOptionsProvider.Select(static (options, _) =>
            options.GlobalOptions.TryGetValue("build_property.RootNamespace", out string? name) ? name : "LogQueue.Protocol");
        IncrementalValuesProvider<(string Path, string Text)> schemas = context.AdditionalTextsProvider
            .Where(static file => file.Path.EndsWith(".msg", StringComparison.Ordinal))
            .Select(static (file, ct) => (file.Path, file.GetText(ct)?.ToString() ?? ""));
        context.RegisterSourceOutput(schemas.Combine(rootNamespace), static (output, pair) =>
            Generate(output, pair.Left.Path, pair.Left.Text, pair.Right));
    }

    private static void Generate(SourceProductionContext output, string path, string text, string rootNamespace)
    {
        try
        {
            foreach (MessageModel message in new SchemaParser(text).Parse())
            {
                output.AddSource(message.Root.Name + ".g.cs", SourceText.From(CSharpEmitter.Emit(message, rootNamespace), Encoding.UTF8));
            }
        }
        catch (SchemaException e)
        {
            string[] lines = text.Split('\n');
            string line = e.Line < lines.Length ? lines[e.Line].TrimEnd() : "";
            int start = line.Length - line.TrimStart().Length;
            var span = new LinePositionSpan(new LinePosition(e.Line, start), new LinePosition(e.Line, line.Length));
            var descriptor = new DiagnosticDescriptor(e.Id, "Message schema", "{0}", "LogQueue.Schema", DiagnosticSeverity.Error,
                isEnabledByDefault: true);
            output.ReportDiagnostic(Diagnostic.Create(descriptor, Location.Create(path, default, span), e.Message));
        }
    }
}
