using System.Reflection;

namespace LogQueue.House.Tests;

/// <summary>
/// The public surface of the libraries, as text under <c>PublicApi/</c>: a change of the API is seen in the diff of its commit.
/// <c>LOGQUEUE_ACCEPT=1</c> rewrites the texts.
/// </summary>
public sealed class PublicApiTests
{
    [Theory]
    [InlineData("LogQueue.Wire")]
    [InlineData("LogQueue.Records")]
    [InlineData("LogQueue.Storage")]
    [InlineData("LogQueue.Engine")]
    [InlineData("LogQueue.Server")]
    [InlineData("LogQueue.Client")]
    [InlineData("LogQueue.Streams")]
    public void The_public_api_is_the_one_on_record(string assemblyName)
    {
        string actual = string.Join('\n', Describe(Assembly.Load(assemblyName))) + "\n";
        string path = Path.Combine(Repository.Root, "tests/LogQueue.House.Tests/PublicApi", assemblyName + ".txt");
        if (Environment.GetEnvironmentVariable("LOGQUEUE_ACCEPT") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, actual);
        }

        string recorded = File.Exists(path) ? File.ReadAllText(path).ReplaceLineEndings("\n") : "";
        if (recorded != actual)
        {
            string[] before = recorded.Split('\n');
            string[] after = actual.Split('\n');
            Assert.Fail($"The public API of {assemblyName} changed.\n"
                + string.Concat(before.Except(after).Select(static line => $"  - {line}\n"))
                + string.Concat(after.Except(before).Select(static line => $"  + {line}\n"))
                + "Remedy: if it is meant, run the House tests once with LOGQUEUE_ACCEPT=1 and commit the text.");
        }
    }

    private static IEnumerable<string> Describe(Assembly assembly) =>
        assembly.GetExportedTypes().OrderBy(static t => t.FullName, StringComparer.Ordinal).SelectMany(static type =>
            Members(type).Order(StringComparer.Ordinal).Prepend($"{Kind(type)} {Name(type)}"));

    private static IEnumerable<string> Members(Type type)
    {
        const BindingFlags Visible = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        foreach (MemberInfo member in type.GetMembers(Visible))
        {
            string? line = member switch
            {
                FieldInfo f when f.IsPublic && !f.IsSpecialName => type.IsEnum
                    ? $"{f.Name} = {f.GetRawConstantValue()}"
                    : $"{(f.IsLiteral ? "const " : f.IsStatic ? "static " : "")}{Name(f.FieldType)} {f.Name}",
                ConstructorInfo c when IsVisible(c) => $".ctor({Parameters(c)})",
                MethodInfo m when IsVisible(m) && !m.IsSpecialName && !IsRecordNoise(m) =>
                    $"{(m.IsStatic ? "static " : "")}{Name(m.ReturnType)} {m.Name}{Generics(m)}({Parameters(m)})",
                PropertyInfo p when IsVisible(p.GetMethod) || IsVisible(p.SetMethod) => p.Name == "EqualityContract" ? null :
                    $"{(p.GetMethod?.IsStatic == true ? "static " : "")}{Name(p.PropertyType)} {p.Name} {{{(IsVisible(p.GetMethod) ? " get;" : "")}{(IsVisible(p.SetMethod) ? " set;" : "")} }}",
                EventInfo e when IsVisible(e.AddMethod) => $"event {Name(e.EventHandlerType!)} {e.Name}",
                _ => null,
            };
            if (line is not null)
            {
                yield return "  " + line;
            }
        }
    }

    private static bool IsVisible(MethodBase? m) => m is not null && (m.IsPublic || m.IsFamily || m.IsFamilyOrAssembly);

    private static bool IsRecordNoise(MethodInfo m) => m.Name is "PrintMembers" or "<Clone>$" or "Equals" or "GetHashCode" or "ToString" or "Deconstruct";

    private static string Parameters(MethodBase m) => string.Join(", ", m.GetParameters().Select(static p => $"{Name(p.ParameterType)} {p.Name}"));

    private static string Generics(MethodInfo m) => m.IsGenericMethod ? $"<{string.Join(", ", m.GetGenericArguments().Select(Name))}>" : "";

    private static string Kind(Type t) =>
        t.IsEnum ? "enum" : t.IsInterface ? "interface" : t.IsValueType ? "struct" : t.IsAbstract && t.IsSealed ? "static class" : t.IsAbstract ? "abstract class" : "class";

    private static string Name(Type t)
    {
        if (t.IsByRef)
        {
            return "ref " + Name(t.GetElementType()!);
        }

        if (t.IsArray)
        {
            return Name(t.GetElementType()!) + "[]";
        }

        if (t.IsGenericParameter)
        {
            return t.Name;
        }

        string name = t.Namespace?.StartsWith("LogQueue", StringComparison.Ordinal) == true ? (t.FullName ?? t.Name) : t.Name;
        int generic = name.IndexOf('[', StringComparison.Ordinal);
        name = (generic < 0 ? name : name[..generic]).Replace('+', '.');
        int tick = name.IndexOf('`', StringComparison.Ordinal);
        return tick < 0 ? name : $"{name[..tick]}<{string.Join(", ", t.GetGenericArguments().Select(Name))}>";
    }
}
