using FbShare.Capture;
using FbShare.Display;
using FbShare.Graphics;
using FbShare.Pictures;

namespace FbShare.Cli;

/// <summary>Looks at one picture in guest pages: drawn by the graphics driver from the pages themselves where that works, else copied.</summary>
internal sealed class RegionScreen : IDisposable
{
    private readonly Scanout _scanout;
    private readonly DmaBufExporter _exporter;
    private readonly GlReader? _reader;
    private bool _refused;

    public RegionScreen(Scanout scanout, DmaBufExporter exporter, Log log)
    {
        _scanout = scanout;
        _exporter = exporter;
        try
        {
            _reader = GlReader.Open(log.Verbose);
        }
        catch (GraphicsException e)
        {
            log.Warn($"the picture is copied: {e.Message}");
        }
    }

    /// <summary>How the last look was taken.</summary>
    public PathChoice? Path { get; private set; }

    /// <summary>The picture as it is now.</summary>
    public Picture Look()
    {
        Path = _exporter.Choose(0, _scanout, _reader is not null && !_refused ? PictureForms.All : PictureForms.BufferAnywhere);
        if (Path.Path == FramePath.Udmabuf)
        {
            try
            {
                return _reader!.Read(_scanout.Export!.Frame!);
            }
            catch (GraphicsException e)
            {
                _refused = true;
                Path = new PathChoice(FramePath.Copy, e.Message);
            }
        }
        FrameLayout from = _scanout.Layout;
        FrameLayout to = FrameLayout.Packed(from.Format, from.Width, from.Height);
        byte[] pixels = new byte[to.End];
        _scanout.Guest!.CopyRows(from.Offset, from.Stride, from.RowBytes, from.Height, pixels, to.Stride);
        return new Picture(to.Format, to.Width, to.Height, pixels);
    }

    public void Dispose() => _reader?.Dispose();
}
