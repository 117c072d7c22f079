using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using FbShare.Cli;
using FbShare.Display;
using FbShare.Graphics;
using FbShare.Rig.Bench;
using FbShare.Testing.Needles;

namespace FbShare.Tests;

/// <summary>What the packages offer to other programs. That nothing is added or taken away unseen, the build checks (PublicAPI.*.txt), and
/// that all of it has a summary, too (CS1591).</summary>
[UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "Tests are not trimmed.")]
[UnconditionalSuppressMessage("Trimming", "IL2070", Justification = "Tests are not trimmed.")]
public sealed partial class PublicSurfaceTests
{
    public static TheoryData<Assembly> Packed() => [typeof(DisplayHub).Assembly, typeof(GraphicsDevice).Assembly, typeof(Needle).Assembly];

    /// <summary>As CS1573 asks of all code, which would be too much for what nobody else calls.</summary>
    [Theory]
    [MemberData(nameof(Packed))]
    public void Where_one_parameter_of_a_public_member_is_documented_all_are(Assembly library)
    {
        ILookup<string, XElement> documented = XDocument.Load(Path.ChangeExtension(library.Location, ".xml")).Descendants("member")
            .ToLookup(m => NameIn(m.Attribute("name")!.Value));
        var missing = new List<string>();
        foreach (MethodBase method in library.GetExportedTypes().SelectMany(Members))
        {
            string name = $"{method.DeclaringType!.FullName!.Replace('+', '.')}.{(method is ConstructorInfo ? "#ctor" : method.Name)}";
            string[] parameters = [.. method.GetParameters().Select(p => p.Name!)];
            foreach (XElement member in documented[name].Where(m => ParametersIn(m.Attribute("name")!.Value) == parameters.Length))
            {
                string[] told = [.. member.Elements("param").Select(p => p.Attribute("name")!.Value)];
                if (told.Length > 0 && told.Length < parameters.Length && told.All(parameters.Contains))
                {
                    missing.Add($"{name}: {string.Join(", ", parameters.Except(told))}");
                }
            }
        }
        Assert.True(missing.Count == 0, string.Join("\n", missing.Distinct()));
    }

    public static TheoryData<Assembly> Shipped() => [typeof(DisplayHub).Assembly, typeof(GraphicsDevice).Assembly, typeof(Needle).Assembly, typeof(Benchmarks).Assembly, typeof(FbShareCommand).Assembly];

    /// <summary>The program is built from what any other program could use.</summary>
    [Theory]
    [MemberData(nameof(Shipped))]
    public void Internals_are_open_to_tests_alone(Assembly assembly)
    {
        string[] friends = [.. assembly.GetCustomAttributes<InternalsVisibleToAttribute>().Select(a => a.AssemblyName)];

        Assert.Contains("FbShare.Tests", friends);
        Assert.Equal([], friends.Except(["FbShare.Tests", "FbShare.QemuTests", "FbShare.Benchmarks", "FbShare.Fuzz"]));
    }

    public static TheoryData<string> Libraries() => ["FbShare.Core", "FbShare.Graphics", "FbShare.Testing"];

    /// <summary>A library says what is wrong; what to type, the program adds that has the command line.</summary>
    [Theory]
    [MemberData(nameof(Libraries))]
    public void No_text_of_a_library_speaks_of_the_program_s_commands_and_options(string library)
    {
        string[] commands = [.. new FbShareCommand().Subcommands.Select(c => c.Name)];
        var words = new Regex($@"(^|[\s'""(])--[a-z]|fbshare ({string.Join('|', commands)})\b");
        Assert.Contains("serve", commands);
        Assert.Matches(words, "use fbshare serve");
        Assert.Matches(words, "give --display");

        string[] texts = [.. TextsOf(Assembly.Load(library).Location)];

        Assert.NotEmpty(texts);
        // An option by itself is an argument for a program that the library starts.
        Assert.Equal([], texts.Where(t => words.IsMatch(t) && t.Contains(' ', StringComparison.Ordinal)));
    }

    /// <summary>All texts in an assembly's code, the parts of interpolated ones too.</summary>
    private static IEnumerable<string> TextsOf(string path)
    {
        using var file = new PEReader(File.OpenRead(path));
        MetadataReader metadata = file.GetMetadataReader();
        for (UserStringHandle handle = MetadataTokens.UserStringHandle(0); ;)
        {
            handle = metadata.GetNextHandle(handle);
            if (handle.IsNil)
            {
                yield break;
            }
            yield return metadata.GetUserString(handle);
        }
    }

    private static IEnumerable<MethodBase> Members(Type type)
    {
        const BindingFlags own = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        return type.GetMembers(own).OfType<MethodBase>().Where(m => m.IsPublic || m.IsFamily || m.IsFamilyOrAssembly);
    }

    /// <summary><c>Type.Member</c> of <c>M:Type.Member``1(System.Int32)</c>.</summary>
    private static string NameIn(string id) => DocumentationId().Match(id).Groups[1].Value;

    /// <summary>How many parameters stand in such an id; commas inside of generic arguments do not count.</summary>
    private static int ParametersIn(string id)
    {
        int depth = 0;
        int open = id.IndexOf('(', StringComparison.Ordinal);
        return open < 0 ? 0 : 1 + id[open..].Count(c =>
        {
            depth += c is '{' or '[' ? 1 : c is '}' or ']' ? -1 : 0;
            return c == ',' && depth == 0;
        });
    }

    [GeneratedRegex(@"^\w:([^(`~]*)")]
    private static partial Regex DocumentationId();
}
