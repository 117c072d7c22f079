using FbShare.Capture;

namespace FbShare.Testing.Screens;

/// <summary>Pictures of a failure, beside each other: what was there, what should have been, and the difference.</summary>
internal static class FailureFiles
{
    /// <summary>Writes NAME.actual.png, NAME.expected.png and NAME.diff.png, as far as there are such pictures. Files of an earlier failure
    /// that there are no pictures for now are deleted: they would be taken for this one's.</summary>
    /// <param name="name">A path; a picture's ending is left out.</param>
    /// <returns>The files that were written.</returns>
    /// <exception cref="CaptureException">They cannot be written.</exception>
    public static IReadOnlyList<string> Write(string name, ScreenReport report)
    {
        TargetReport closest = report.Closest;
        var written = new List<string>();
        foreach ((string kind, Picture? picture) in ((string, Picture?)[])[("actual", report.Actual?.Picture), ("expected", closest.Expected), ("diff", closest.Difference)])
        {
            string file = NameOf(name, kind);
            if (picture is null)
            {
                File.Delete(file);
                continue;
            }
            PictureFile.Write(file, picture);
            written.Add(file);
        }
        return written;
    }

    /// <summary>out.png and out become out.diff.png.</summary>
    public static string NameOf(string name, string kind) =>
        $"{(PictureFormats.TryOf(name, out _) ? Path.ChangeExtension(name, null) : name)}.{kind}.png";
}
