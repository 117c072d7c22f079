namespace FbShare.Fuzz;

/// <summary>Inputs that once found something, or that together reach what AFL++ has reached: one a line in base64, in a file for each door.</summary>
internal static class Corpus
{
    private const string Folder = "Corpus";
    private const string Ending = ".txt";

    /// <summary>A door's inputs. What follows a # is for people.</summary>
    public static IEnumerable<byte[]> Read(string door)
    {
        string file = FileOf(AppContext.BaseDirectory, door);
        return File.Exists(file)
            ? File.ReadLines(file).Select(l => l.Split('#')[0].Trim()).Where(l => l.Length > 0).Select(Convert.FromBase64String)
            : [];
    }

    /// <summary>Writes a door's inputs anew, the shortest first.</summary>
    /// <param name="project">The folder of this program's sources.</param>
    public static void Write(string project, string door, IEnumerable<byte[]> inputs)
    {
        string file = FileOf(project, door);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllLines(file, [$"# Inputs of the door \"{door}\", made with: tools/fuzz --coverage --door {door}", .. inputs.OrderBy(i => i.Length).Select(Convert.ToBase64String)]);
    }

    /// <summary>Writes a door's inputs, and its examples, as files.</summary>
    public static void WriteExamples(string door, string folder)
    {
        CoverageTarget.Prepare();
        using Door open = Doors.Open(door);
        Directory.CreateDirectory(folder);
        foreach ((int index, byte[] input) in Read(door).Concat(open.Examples).Index())
        {
            File.WriteAllBytes(Path.Combine(folder, $"{index:0000}"), input);
        }
    }

    private static string FileOf(string folder, string door) => Path.Combine(folder, Folder, door + Ending);
}
