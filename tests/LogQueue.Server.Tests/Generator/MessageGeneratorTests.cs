using System.Collections.Immutable;
using LogQueue.Protocol.Generator;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Text;

namespace LogQueue.Server.Tests.Generator;

/// <summary>A wrong schema is a compiler error at its line; a right one is C#.</summary>
public sealed class MessageGeneratorTests
{
    private const string Path = "Messages/Sample.msg";

    public static TheoryData<string, int, string> BadSchemas => new()
    {
        { "LQ0001", 1, "message Sample versions 0 flexible none" },
        { "LQ0001", 1, "request SampleRequest versions 0-1 flexible none" },
        { "LQ0001", 1, "record Sample 1 versions 0" },
        { "LQ0001", 1, "  Name string 0+" },
        { "LQ0001", 3, "# a comment\nrecord Sample 1 versions 0-2 flexible 1+\n  Name string" },
        { "LQ0001", 2, "record Sample 1 versions 0-2 flexible 1+\n  Name string 0+ optional" },
        { "LQ0001", 2, "record Sample 1 versions 0-2 flexible 1+\n  Name string 0+ tag x (1+)" },
        { "LQ0002", 2, "record Sample 1 versions 0-2 flexible 1+\n  Name text 0+" },
        { "LQ0002", 3, "record Sample 1 versions 0-2 flexible 1+\n  Size int32 0+\n  Parts []Part 0+" },
        { "LQ0002", 2, "record Sample 1 versions 0-2 flexible 1+\n  Size int32 0+\n    Inner int32 0+" },
        { "LQ0003", 1, "record Sample 1 versions 2-1 flexible none" },
        { "LQ0003", 1, "record Sample 1 versions 0+ flexible none" },
        { "LQ0003", 2, "record Sample 1 versions 0-2 flexible 1+\n  Name string a+" },
        { "LQ0003", 2, "record Sample 1 versions 0-2 flexible 1+\n  Name string 3+" },
        { "LQ0003", 2, "record Sample 1 versions 0-2 flexible 1+\n  Name string 0+ null 2-1" },
        { "LQ0003", 2, "record Sample 1 versions 0-2 flexible 1+\n  Name string 0+ tag 0 (0+)" },
        { "LQ0004", 3, "record Sample 1 versions 0-2 flexible 1+\n  Name string 0+\n  Name int32 0+" },
        { "LQ0004", 3, "record Sample 1 versions 0 flexible none\n\nrecord Sample 2 versions 0 flexible none" },
        { "LQ0004", 4, "record Sample 1 versions 0 flexible none\n  Parts []Part 0+\n    Size int32 0+\n  struct Part\n    Size int32 0+" },
        { "LQ0005", 3, "record Sample 1 versions 0 flexible 0+\n  A int32 0+ tag 0 (0+)\n  B int32 0+ tag 0 (0+)" },
        { "LQ0006", 2, "record Sample 1 versions 0 flexible none\n  A int32 0+ = x" },
        { "LQ0006", 2, "record Sample 1 versions 0 flexible none\n  A int8 0+ = 128" },
        { "LQ0006", 2, "record Sample 1 versions 0 flexible none\n  A uint16 0+ = -1" },
        { "LQ0006", 2, "record Sample 1 versions 0 flexible none\n  A bool 0+ = maybe" },
        { "LQ0006", 2, "record Sample 1 versions 0 flexible none\n  A string 0+ = null" },
        { "LQ0007", 2, "record Sample 1 versions 0 flexible none\n  A int32 0+ null 0+" },
        { "LQ0007", 2, "record Sample 1 versions 0 flexible 0+\n  A records 0+ tag 0 (0+)" },
        { "LQ0008", 3, "record Sample 1 versions 0 flexible none\n  Parts []Part 0+\n    Inner []Part 0+" },
    };

    [Theory]
    [MemberData(nameof(BadSchemas))]
    public void A_wrong_schema_is_an_error_at_its_line(string id, int line, string schema)
    {
        GeneratorRunResult result = Run(schema);
        Diagnostic error = Assert.Single(result.Diagnostics);
        Assert.Null(result.Exception);
        Assert.Equal(id, error.Id);
        Assert.Equal(DiagnosticSeverity.Error, error.Severity);
        FileLinePositionSpan span = error.Location.GetLineSpan();
        Assert.Equal(Path, span.Path);
        Assert.Equal(line, span.StartLinePosition.Line + 1);
        Assert.True(span.EndLinePosition.Character > span.StartLinePosition.Character, "the error marks no text");
        Assert.Empty(result.GeneratedSources);
    }

    [Fact]
    public void Docs_of_the_schema_become_docs_of_the_code()
    {
        GeneratorRunResult result = Run("/// What a sample is.\nrecord Sample 7 versions 0-1 flexible 1+\n  /// Fewer than <ten>.\n  Count int32 0+ = 3");
        Assert.Empty(result.Diagnostics);
        string code = Assert.Single(result.GeneratedSources).SourceText.ToString();
        Assert.Contains("/// <summary>What a sample is.</summary>", code, StringComparison.Ordinal);
        Assert.Contains("/// <summary>Fewer than &lt;ten&gt;.</summary>", code, StringComparison.Ordinal);
        Assert.Contains("public int Count { get; set; } = 3;", code, StringComparison.Ordinal);
        Assert.Contains("internal sealed class Sample : IWireMessage<Sample>", code, StringComparison.Ordinal);
    }

    [Fact]
    public void A_structure_without_a_line_of_its_own_is_documented_by_its_field()
    {
        string code = Run("record Sample 7 versions 0 flexible 0+\n  /// Where it ends.\n  Limit End 0+\n    Offset int64 0+\n"
            + "  /// All that follow.\n  Parts []Part 0+\n    Size int32 0+\n  /// Shared by many.\n  struct Other\n    Size int32 0+")
            .GeneratedSources.Single().SourceText.ToString().Replace("\r", "", StringComparison.Ordinal);
        Assert.Matches(@"<summary>Where it ends\.</summary>\s+public sealed class End\b", code);
        Assert.Matches(@"<summary>One element of Parts\.</summary>\s+public sealed class Part\b", code);
        Assert.Matches(@"<summary>Shared by many\.</summary>\s+public sealed class Other\b", code);
        Assert.Matches(@"<summary>All that follow\.</summary>\s+public .*\bParts \{", code);
    }

    [Fact]
    public void A_struct_named_like_a_field_gets_another_name()
    {
        string code = Run("record Sample 7 versions 0 flexible 0+\n  Part Part 0+\n    Size int32 0+").GeneratedSources.Single().SourceText.ToString();
        Assert.Contains("public Sample.PartValue Part { get; set; } = new();", code, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unchanged_schema_is_not_generated_again()
    {
        ImmutableArray<AdditionalText> schemas = [new Schema("A.msg", "record A 1 versions 0 flexible none\n  X int32 0+"),
            new Schema("B.msg", "record B 2 versions 0 flexible none\n  X int32 0+")];
        var options = new GeneratorDriverOptions(IncrementalGeneratorOutputKind.None, trackIncrementalGeneratorSteps: true);
        GeneratorDriver driver = CSharpGeneratorDriver.Create([new MessageGenerator().AsSourceGenerator()], schemas, driverOptions: options);
        CSharpCompilation compilation = CSharpCompilation.Create("sample");
        driver = driver.RunGenerators(compilation, TestContext.Current.CancellationToken);
        driver = driver.ReplaceAdditionalText(schemas[1], new Schema("B.msg", "record B 2 versions 0 flexible none\n  Y int32 0+"));
        GeneratorRunResult result = driver.RunGenerators(compilation, TestContext.Current.CancellationToken).GetRunResult().Results.Single();
        IncrementalStepRunReason[] reasons =
            [.. result.TrackedOutputSteps.SelectMany(static s => s.Value).SelectMany(static s => s.Outputs).Select(static o => o.Reason)];
        Assert.Single(reasons, IncrementalStepRunReason.Cached);
        Assert.Single(reasons, IncrementalStepRunReason.Modified);
    }

    private static GeneratorRunResult Run(string schema)
    {
        GeneratorDriver driver = CSharpGeneratorDriver.Create([new MessageGenerator().AsSourceGenerator()], [new Schema(Path, schema)]);
        return driver.RunGenerators(CSharpCompilation.Create("sample"), TestContext.Current.CancellationToken).GetRunResult().Results.Single();
    }

    private sealed class Schema(string path, string text) : AdditionalText
    {
        public override string Path => path;

        public override SourceText GetText(CancellationToken cancellationToken = default) => SourceText.From(text);
    }
}
