namespace FbShare.Graphics;

/// <summary>Which OpenGL.</summary>
/// <param name="IsEmbedded">OpenGL ES.</param>
/// <param name="Major">The number before the point.</param>
/// <param name="Minor">The number after it.</param>
public readonly record struct GlVersion(bool IsEmbedded, int Major, int Minor)
{
    private const string EmbeddedPrefix = "OpenGL ES ";

    /// <summary>Desktop OpenGL 3.3, core profile.</summary>
    public static GlVersion Desktop => new(false, 3, 3);

    /// <summary>OpenGL ES 3.0.</summary>
    public static GlVersion Es3 => new(true, 3, 0);

    /// <summary>OpenGL ES 2.0.</summary>
    public static GlVersion Es2 => new(true, 2, 0);

    /// <summary>As drivers name themselves: <c>OpenGL ES 3.0</c>.</summary>
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
