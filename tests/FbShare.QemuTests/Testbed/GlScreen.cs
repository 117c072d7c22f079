using FbShare.Display;
using FbShare.Graphics;
using FbShare.Memory;
using FbShare.Pictures;

namespace FbShare.QemuTests.Testbed;

/// <summary>A consumer as the viewer is one: imports what it can, uploads the rest, draws and reads back.</summary>
internal sealed class GlScreen : IDisplayConsumer, IDisposable
{
    private readonly GraphicsDevice _device;
    private readonly ImportCache? _imports;
    private UploadTexture? _upload;
    private FrameLayout _layout;
    private PictureTexture? _picture;
    private bool _refused;

    /// <param name="importer">In place of the device's own.</param>
    public GlScreen(GraphicsDevice device, DmaBufImporter? importer = null)
    {
        _device = device;
        _imports = (importer ?? device.Importer) is { } used ? new ImportCache(used) : null;
    }

    /// <summary>Fails every import, as a driver may.</summary>
    public bool Refuses { get; init; }

    public PictureForms Takes(FrameLayout picture) => _imports is not null && !_refused ? PictureForms.All : PictureForms.BufferAnywhere;

    /// <summary>Pictures that came as dma-bufs, and as buffers.</summary>
    public (int DmaBufs, int Buffers) Shown { get; private set; }

    public long Imports => _imports?.Imports ?? 0;

    public void Present(in Frame frame)
    {
        if (frame.DmaBuf is { } dmaBuf)
        {
            if (frame.IsNew)
            {
                Shown = (Shown.DmaBufs + 1, Shown.Buffers);
                _refused = Refuses;
                _picture = Refuses ? null : _imports!.Get(dmaBuf);
            }
            return;
        }
        if (frame.IsNew)
        {
            Shown = (Shown.DmaBufs, Shown.Buffers + 1);
            if (_layout != frame.Layout)
            {
                _upload?.Dispose();
                _upload = new UploadTexture(_device.GL, frame.Layout);
            }
            (_layout, _picture) = (frame.Layout, _upload!.Picture);
        }
        _upload!.Upload(frame.Buffer!.From(0), frame.Damage);
    }

    public void Disable() => _picture = null;

    public void DefineCursor(CursorImage? image)
    {
    }

    public void MoveCursor(CursorPosition position)
    {
    }

    /// <summary>Draws what is shown now and reads it back: R, G, B, A.</summary>
    public byte[] Look()
    {
        using var target = new OffscreenTarget(_device.GL, _picture!.Width, _picture.Height);
        target.Bind();
        _device.Renderer.Draw(_picture, new Rect(0, 0, target.Width, target.Height), (target.Width, target.Height), isWindow: false, smooth: false);
        return target.Read().ToRgba();
    }

    public void Dispose()
    {
        _upload?.Dispose();
        _imports?.Dispose();
    }
}

/// <summary>The drivers that tests draw with.</summary>
internal static class Drivers
{
    /// <param name="platform">surfaceless or device.</param>
    /// <param name="version">es2, es3 or gl.</param>
    public static GraphicsDevice Open(string platform = "surfaceless", string version = "es3") => GraphicsDevice.Open(
        platform == "device" ? EglDisplay.OpenDevice(EglDevice.List().Last(d => d.IsSoftware)) : EglDisplay.OpenSurfaceless(),
        version switch
        {
            "es2" => GlVersion.Es2,
            "es3" => GlVersion.Es3,
            _ => GlVersion.Desktop,
        });
}
