using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace LogQueue.House.Tests;

/// <summary>The contract "What nothing lost means" in engine/README.md: each cell names the test that holds it, and that test exists.</summary>
public sealed partial class ContractTests
{
    private const string Heading = "## What nothing lost means";

    [GeneratedRegex(@"`(?<class>[A-Z]\w*Tests)(?:\.(?<method>\w+))?`")]
    private static partial Regex TestName();

    [Fact]
    public void Each_cell_names_a_test_that_exists()
    {
        var violations = new Violations(
            "A promise is a test: each cell of the table names the one that holds it.", "Write the test, or take the promise back.");
        string readme = Repository.Read("engine/README.md");
        string section = readme[(readme.IndexOf(Heading, StringComparison.Ordinal) + Heading.Length)..];
        int next = section.IndexOf("\n## ", StringComparison.Ordinal);
        section = next < 0 ? section : section[..next];
        string[][] rows = [.. section.Split('\n').Where(static line => line.StartsWith('|')).Skip(2)
            .Select(static line => line.Trim().Trim('|').Split('|', StringSplitOptions.TrimEntries))];
        Assert.True(rows.Length >= 5, "the table has lost its rows");

        ILookup<string, string> tests = FindTests();
        foreach (string[] row in rows)
        {
            foreach (string cell in row.Skip(1).Where(static cell => cell != "-"))
            {
                MatchCollection names = TestName().Matches(cell);
                if (names.Count == 0)
                {
                    violations.Add($"{row[0]}: '{cell}' names no test");
                }

                foreach (Match name in names)
                {
                    string type = name.Groups["class"].Value;
                    string method = name.Groups["method"].Value;
                    if (!tests.Contains(type) || (method.Length > 0 && !tests[type].Contains(method)))
                    {
                        violations.Add($"{row[0]}: there is no test {name.Value}");
                    }
                }
            }
        }

        violations.AssertNone();
    }

    private static ILookup<string, string> FindTests() => Repository.TestFiles
        .Where(static file => file.EndsWith("Tests.cs", StringComparison.Ordinal))
        .SelectMany(static file => CSharpSyntaxTree.ParseText(Repository.Read(file)).GetRoot().DescendantNodes().OfType<ClassDeclarationSyntax>())
        .SelectMany(static type => type.Members.OfType<MethodDeclarationSyntax>()
            .Where(static method => method.AttributeLists.SelectMany(static list => list.Attributes)
                .Any(static attribute => attribute.Name.ToString() is "Fact" or "Theory"))
            .Select(method => (Type: type.Identifier.Text, Method: method.Identifier.Text)))
        .ToLookup(static test => test.Type, static test => test.Method, StringComparer.Ordinal);
}
