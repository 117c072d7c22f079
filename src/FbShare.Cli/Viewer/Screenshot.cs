using FbShare.Capture;
using FbShare.Cli.Hosting;
using FbShare.Display.Client;
using FbShare.Linux;

namespace FbShare.Cli.Viewer;

/// <summary>What the guest shows as a PNG file in the user's folder for pictures, without what the window draws over it.</summary>
internal static class Screenshot
{
    /// <summary>Writes one and tells of it on stdout; of a failure in the log.</summary>
    /// <param name="kind">The resource's kind; empty where the display does not say.</param>
    public static void Write(RemotePicture? source, string kind, ShownPath path, Log log)
    {
        if (source is not { IsReadable: true })
        {
            log.Warn("there is no picture that could be written to a file");
            return;
        }
        try
        {
            string file = Path.Combine(PicturesFolder.Find(), $"fbshare-{DateTime.Now:yyyyMMdd-HHmmss-fff}.png");
            Picture picture = Picture.Copy(source);
            PngFile.Write(file, picture);
            Console.Out.WriteLine(FrameLine.Describe(file, picture, kind.Length > 0 ? kind : "not told", path.Path, path.Reason));
        }
        catch (Exception e) when (e is CaptureException or LinuxException or IOException or UnauthorizedAccessException)
        {
            log.Warn($"the screenshot was not written: {e.Message}");
        }
    }
}
