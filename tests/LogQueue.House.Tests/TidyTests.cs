using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace LogQueue.House.Tests;

/// <summary>The style rules that a machine can keep, so that no review has to.</summary>
public sealed partial class TidyTests
{
    private const int MostFileLines = 400;
    private const int MostMethodLines = 70;
    private const int MostColumns = 140;

    private static readonly string[] BannedTypeWords = ["Manager", "Helper", "Util", "Utils", "Common", "Base", "Impl", "Info", "Data"];

    /// <summary>Text that may not stand in product code, where it may, and what to do instead.</summary>
    private static readonly (Regex Pattern, string Except, string Remedy)[] BannedText =
    [
        (new(@"\bFlushToDisk\b"), "", "the runtime hides EIO there: use the storage device's DataSync"),
        (new(@"\bFlush\(true\)"), "", "the runtime hides EIO there: use the storage device's DataSync"),
        (new(@"\bDateTime(Offset)?\.(Utc)?Now\b"), "", "take a TimeProvider"),
        (new(@"\bArrayPool\b"), "engine/LogQueue.Wire/Memory/PooledBuffer.cs", "rent through PooledBuffer"),
        (new(@"\bThread\.Sleep\b"), "", "await Task.Delay(span, timeProvider, ct)"),
        (new(@"\basync void\b"), "", "return Task; nothing catches what an async void throws"),
        (new(@"\bRandom\.Shared\b"), "", "take a seed"),
        (new(@"^\s*#region\b", RegexOptions.Multiline), "", "split the type instead"),
        (new(@"\bNotImplementedException\b"), "", "finish it, or do not offer it"),
    ];

    public static TheoryData<string> Rules => [.. BannedText.Select(static b => b.Pattern.ToString())];

    [GeneratedRegex(@"\b(TODO|FIXME|HACK|XXX)\b")]
    private static partial Regex Unfinished();

    [Theory]
    [MemberData(nameof(Rules))]
    public void Banned_text_stays_out(string rule)
    {
        (Regex pattern, string except, string remedy) = BannedText.Single(b => b.Pattern.ToString() == rule);
        var violations = new Violations($"`{pattern}` is banned in product code.", remedy);
        foreach (string file in Repository.SourceFiles.Where(f => f != except))
        {
            string[] lines = Repository.ReadLines(file);
            for (int i = 0; i < lines.Length; i++)
            {
                string code = lines[i].TrimStart();
                if (!code.StartsWith("//", StringComparison.Ordinal) && pattern.IsMatch(lines[i]))
                {
                    violations.Add($"{file}:{i + 1}: {code}");
                }
            }
        }

        violations.AssertNone();
    }

    [Fact]
    public void Nothing_is_left_unfinished()
    {
        var violations = new Violations("No TODO, FIXME, HACK or XXX in what we hand over.", "Finish it, or file an issue and take the mark out.");
        foreach (string file in Repository.AllFiles.Where(static f => !f.EndsWith("/TidyTests.cs", StringComparison.Ordinal)))
        {
            string[] lines = Repository.ReadLines(file);
            for (int i = 0; i < lines.Length; i++)
            {
                if (Unfinished().IsMatch(lines[i]))
                {
                    violations.Add($"{file}:{i + 1}");
                }
            }
        }

        violations.AssertNone();
    }

    [Fact]
    public void Files_methods_and_lines_stay_small()
    {
        var violations = new Violations(
            $"A file has at most {MostFileLines} lines, a method {MostMethodLines}, a line {MostColumns} columns.",
            "Split by concept: the part that has its own name is its own type or method.");
        foreach (string file in Repository.AllFiles)
        {
            string[] lines = Repository.ReadLines(file);
            if (lines.Length > MostFileLines)
            {
                violations.Add($"{file} has {lines.Length} lines");
            }

            for (int i = 0; i < lines.Length; i++)
            {
                // A sentence for a person stays in one piece, so that it can be searched for.
                if (lines[i].Length > MostColumns && !lines[i].Contains('"', StringComparison.Ordinal) && !file.StartsWith("tests/", StringComparison.Ordinal))
                {
                    violations.Add($"{file}:{i + 1} has {lines[i].Length} columns");
                }
            }

            if (file.StartsWith("tests/", StringComparison.Ordinal))
            {
                continue;
            }

            foreach (BaseMethodDeclarationSyntax method in Parse(file).DescendantNodes().OfType<BaseMethodDeclarationSyntax>())
            {
                FileLinePositionSpan span = (method.Body ?? (SyntaxNode?)method.ExpressionBody ?? method).GetLocation().GetLineSpan();
                int length = span.EndLinePosition.Line - span.StartLinePosition.Line + 1;
                if (length > MostMethodLines + 2)
                {
                    violations.Add($"{file}:{span.StartLinePosition.Line + 1} a method of {length - 2} lines");
                }
            }
        }

        violations.AssertNone();
    }

    [Fact]
    public void A_namespace_is_its_folder()
    {
        var violations = new Violations("namespace = project + folders.", "Move the file or rename the namespace.");
        foreach (string file in Repository.AllFiles)
        {
            string? declared = Parse(file).DescendantNodes().OfType<BaseNamespaceDeclarationSyntax>().FirstOrDefault()?.Name.ToString();
            string expected = string.Join('.', file.Split('/')[1..^1]);
            if (declared is not null && declared != expected)
            {
                violations.Add($"{file}: {declared}, expected {expected}");
            }
        }

        violations.AssertNone();
    }

    [Fact]
    public void A_file_has_one_public_type_and_good_names()
    {
        var violations = new Violations(
            "One public type a file, named like the file; no " + string.Join(", ", BannedTypeWords) + " in type names.",
            "Name the type after what it is; give each its own file.");
        foreach (string file in Repository.SourceFiles)
        {
            BaseTypeDeclarationSyntax[] types = [.. Parse(file).DescendantNodes().OfType<BaseTypeDeclarationSyntax>()
                .Where(static t => t.Parent is not BaseTypeDeclarationSyntax)];
            string[] publics = [.. types.Where(static t => t.Modifiers.Any(SyntaxKind.PublicKeyword)).Select(static t => t.Identifier.Text).Distinct()];
            if (publics.Length > 1)
            {
                violations.Add($"{file}: {string.Join(", ", publics)}");
            }

            string fileName = Path.GetFileNameWithoutExtension(file);
            if (publics.Length == 1 && publics[0] != fileName)
            {
                violations.Add($"{file}: its public type is {publics[0]}");
            }

            foreach (string name in types.Select(static t => t.Identifier.Text))
            {
                if (BannedTypeWords.Any(word => name.EndsWith(word, StringComparison.Ordinal)))
                {
                    violations.Add($"{file}: type name {name}");
                }
            }
        }

        violations.AssertNone();
    }

    [Fact]
    public void Partial_is_for_generated_halves()
    {
        var violations = new Violations(
            "`partial` only where a generator writes the other half (LibraryImport, LoggerMessage, GeneratedRegex, JsonSerializable).",
            "Give the second half a name and make it a type.");
        foreach (string file in Repository.SourceFiles)
        {
            string text = Repository.Read(file);
            bool generated = text.Contains("[LibraryImport", StringComparison.Ordinal) || text.Contains("[LoggerMessage", StringComparison.Ordinal)
                || text.Contains("[GeneratedRegex", StringComparison.Ordinal) || text.Contains("[JsonSerializable", StringComparison.Ordinal);
            foreach (TypeDeclarationSyntax type in Parse(file).DescendantNodes().OfType<TypeDeclarationSyntax>())
            {
                if (type.Modifiers.Any(SyntaxKind.PartialKeyword) && !generated)
                {
                    violations.Add($"{file}: {type.Identifier.Text}");
                }
            }
        }

        violations.AssertNone();
    }

    [Fact]
    public void A_skipped_test_says_why()
    {
        var violations = new Violations("Skip needs its reason, in words.", "Say what is missing and how to get it.");
        foreach (string file in Repository.TestFiles)
        {
            foreach (Match match in Regex.Matches(Repository.Read(file), "Skip\\s*=\\s*\"(?<reason>[^\"]*)\""))
            {
                if (match.Groups["reason"].Value.Length < 20)
                {
                    violations.Add($"{file}: Skip = \"{match.Groups["reason"].Value}\"");
                }
            }
        }

        violations.AssertNone();
    }

    private static SyntaxNode Parse(string file) => CSharpSyntaxTree.ParseText(Repository.Read(file)).GetRoot();
}
