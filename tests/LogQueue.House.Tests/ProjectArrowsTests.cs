using System.Xml.Linq;

namespace LogQueue.House.Tests;

/// <summary>Project references point one way only. The table below is the plan; the project files must equal it.</summary>
public sealed class ProjectArrowsTests
{
    private static readonly Dictionary<string, string[]> Arrows = new()
    {
        ["LogQueue.Wire"] = [],
        ["LogQueue.Records"] = ["LogQueue.Wire"],
        ["LogQueue.Storage"] = ["LogQueue.Records"],
        ["LogQueue.Engine"] = ["LogQueue.Storage", "LogQueue.Protocol.Generator"],
        ["LogQueue.Protocol.Generator"] = [],
        ["LogQueue.Protocol"] = ["LogQueue.Wire", "LogQueue.Protocol.Generator"],
        ["LogQueue.Server"] = ["LogQueue.Engine", "LogQueue.Protocol"],
        ["LogQueue.Client"] = ["LogQueue.Records", "LogQueue.Protocol"],
        ["LogQueue.Streams"] = ["LogQueue.Client"],
        ["LogQueue.LoadTest"] = ["LogQueue.Engine", "LogQueue.Client"],
        ["LogQueue.EngineBench"] = ["LogQueue.Engine"],
        ["LogQueue.Cli"] = ["LogQueue.Server", "LogQueue.Client", "LogQueue.Streams", "LogQueue.LoadTest"],
    };

    [Fact]
    public void Product_projects_reference_exactly_what_the_table_says()
    {
        var violations = new Violations(
            "Project references are the arrows of the house (engine ◄ server, records ◄ client ◄ streams).",
            "Put the code where its arrow exists, or change the table here in the same commit and say why.");
        foreach (string project in Repository.Projects.Where(static p => !p.StartsWith("tests/", StringComparison.Ordinal)))
        {
            string name = Path.GetFileNameWithoutExtension(project);
            if (name == "LogQueue.Microbenchmarks")
            {
                continue;
            }

            string[] actual = [.. XDocument.Load(Path.Combine(Repository.Root, project)).Descendants("ProjectReference")
                .Select(static e => Path.GetFileNameWithoutExtension(e.Attribute("Include")!.Value.Replace('\\', '/')))];
            if (!Arrows.TryGetValue(name, out string[]? planned))
            {
                violations.Add($"{project} is not in the table");
            }
            else if (!actual.Order().SequenceEqual(planned.Order()))
            {
                violations.Add($"{project} references [{string.Join(", ", actual)}], planned [{string.Join(", ", planned)}]");
            }
        }

        violations.AssertNone();
    }

    [Fact]
    public void Every_project_is_in_the_solution()
    {
        string solution = Repository.Read("LogQueue.sln").Replace('\\', '/');
        Assert.All(Repository.Projects, project => Assert.Contains(project, solution, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_package_has_its_reason_in_the_readme()
    {
        string readme = Repository.Read("README.md");
        IEnumerable<string> packages = XDocument.Load(Path.Combine(Repository.Root, "Directory.Packages.props"))
            .Descendants().Where(static e => e.Name.LocalName is "PackageVersion" or "GlobalPackageReference")
            .Select(static e => e.Attribute("Include")!.Value);
        Assert.All(packages, package => Assert.Contains($"`{package}`", readme, StringComparison.Ordinal));
    }
}
