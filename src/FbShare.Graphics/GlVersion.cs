namespace FbShare.Graphics;

/// <summary>Which OpenGL.</summary>
/// <param name="IsEmbedded">OpenGL ES.</param>
public readonly record struct GlVersion(bool IsEmbedded, int Major, int Minor)
{
    private const string EmbeddedPrefix = "OpenGL ES ";

    /// <summary>Desktop OpenGL 3.3, core profile.</summary>
    public static GlVersion Desktop => new(false, 3, 3);

    public static GlVersion Es3 => new(true, 3, 0);

    public static GlVersion Es2 => new(true, 2, 0);

    public override string ToString() => $"OpenGL{(IsEmbedded ? " ES" : "")} {Major}.{Minor}";

    /// <summary>Reads GL_VERSION, such as "3.3 (Core Profile) Mesa 25" or "OpenGL ES 3.2 Mesa 25".</summary>
    internal static bool TryParse(string text, out GlVersion version)
    {
        bool isEmbedded = text.StartsWith(EmbeddedPrefix, StringComparison.Ordinal);
        string[] numbers = (isEmbedded ? text[EmbeddedPrefix.Length..] : text).Split(' ')[0].Split('.');
        if (numbers.Length < 2 || !int.TryParse(numbers[0], out int major) || !int.TryParse(numbers[1], out int minor))
        {
            version = default;
            return false;
        }
        version = new GlVersion(isEmbedded, major, minor);
        return true;
    }
}
