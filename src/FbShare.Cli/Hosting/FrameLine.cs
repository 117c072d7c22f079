using FbShare.Capture;
using FbShare.Display;

namespace FbShare.Cli.Hosting;

/// <summary>The line on stdout about a picture that was written: the same for every command.</summary>
internal static class FrameLine
{
    public static string Describe(string file, Picture picture, string kind, string path, string reason) =>
        $"{file}: {picture.Width}x{picture.Height} {picture.Format}, resource: {kind}, path: {path}{(reason.Length == 0 ? "" : $" ({reason})")}";

    public static string Describe(string file, Picture picture, Scanout scanout, PathChoice? path) =>
        Describe(file, picture, scanout.Kind switch { ScanoutKind.Blob => "blob", ScanoutKind.TwoD => "2d", _ => "boot" }, path?.Path.ToString().ToLowerInvariant() ?? "none", path?.Reason ?? "");
}
