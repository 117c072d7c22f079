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
    private FrameBuffer? _buffer;
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

    public bool TakesDmaBuf => _imports is not null && !_refused;

    /// <summary>Pictures that came as dma-bufs, and as buffers.</summary>
    public (int DmaBufs, int Buffers) Shown { get; private set; }

    public long Imports => _imports?.Imports ?? 0;

    public void ShowDmaBuf(Scanout scanout, DmaBufFrame frame)
    {
        Shown = (Shown.DmaBufs + 1, Shown.Buffers);
        _refused = Refuses;
        _picture = Refuses ? null : _imports!.Get(frame);
        _buffer = null;
    }

    public void ShowBuffer(Scanout scanout, FrameBuffer buffer, FrameLayout layout)
    {
        Shown = (Shown.DmaBufs, Shown.Buffers + 1);
        if (_layout != layout)
        {
            _upload?.Dispose();
            _upload = new UploadTexture(_device.GL, layout);
        }
        (_buffer, _layout, _picture) = (buffer, layout, _upload!.Picture);
    }

    public void Disable() => _picture = null;

    public bool Update(Rect damage)
    {
        if (_buffer is not null)
        {
            _upload!.Upload(_buffer.From(0), damage);
        }
        return false;
    }

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
