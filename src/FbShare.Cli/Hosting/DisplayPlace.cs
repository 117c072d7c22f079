using System.Diagnostics.CodeAnalysis;
using FbShare.Display.Naming;

namespace FbShare.Cli.Hosting;

/// <summary>Where a device's display listens for viewers: at a path, under a name, or nowhere.</summary>
/// <param name="Path">A socket of the user's own.</param>
/// <param name="Name">A name in the user's <see cref="DisplayFolder"/>.</param>
internal sealed record DisplayPlace(string? Path, DisplayName? Name)
{
    private const string Scheme = "unix:";
    private const string NoDisplay = "none";

    public static DisplayPlace None { get; } = new(null, null);

    /// <summary>Whether nobody chose the name: another one will do if it is taken, and no display at all if there can be none.</summary>
    public bool IsWish { get; private init; }

    /// <summary>The name that a display gets where the user says nothing.</summary>
    public static DisplayPlace Wish(DisplayName name) => new(null, name) { IsWish = true };

    /// <summary>Reads <c>unix:PATH</c>, a name, or <c>none</c>.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out DisplayPlace? place)
    {
        place = text == NoDisplay ? None
            : text.StartsWith(Scheme, StringComparison.Ordinal) && text.Length > Scheme.Length ? new DisplayPlace(text[Scheme.Length..], null)
            : DisplayName.TryParse(text, out DisplayName? name) ? new DisplayPlace(null, name)
            : null;
        return place is not null;
    }
}
