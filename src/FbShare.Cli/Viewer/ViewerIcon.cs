using FbShare.Capture;
using FbShare.Pictures;

namespace FbShare.Cli.Viewer;

/// <summary>The program's icon (assets/fbshare.png, in the program itself).</summary>
internal static class ViewerIcon
{
    public const int Size = 64;

    /// <summary>Bytes B, G, R, A, not multiplied, packed rows.</summary>
    public static ReadOnlySpan<byte> Pixels => Lazily.Value;

    private static readonly Lazy<byte[]> Lazily = new(() =>
    {
        using Stream file = typeof(ViewerIcon).Assembly.GetManifestResourceStream("fbshare.png")!;
        byte[] bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        Picture picture = PngFile.Decode(bytes);
        return picture.ConvertTo(DrmFormat.AR24).Pixels.ToArray();
    });
}
