using FbShare.Display.Client;
using FbShare.Graphics;
using FbShare.Linux;
using FbShare.Pictures;

namespace FbShare.Cli.Viewer;

/// <summary>The guest's picture as textures: imported without copying, or copied into one damage by damage.</summary>
/// <remarks>Belongs to the windows' context, which is current at <see cref="Refresh"/>.</remarks>
internal sealed class ShownPicture(ViewerGraphics graphics, Log log) : IDisposable
{
    private readonly ImportCache? _imports = graphics.CreateImports();
    private RemoteConsole? _console;
    private UploadTexture? _upload;
    private FrameLayout _uploadLayout;
    private Rect _damage;
    private string? _localReason;

    /// <summary>What the console shows; null while nothing. What was shown last stays in the window.</summary>
    public RemotePicture? Source { get; private set; }

    /// <summary>The source's size in pixels.</summary>
    public (int Width, int Height)? Size => Source is { } source ? (source.Layout.Width, source.Layout.Height) : null;

    private bool IsImported => Source?.DmaBuf is not null && _localReason is null;

    /// <param name="localReason">Why dma-bufs are not taken; null where they are.</param>
    public void Attach(RemoteConsole console, string? localReason)
    {
        _console = console;
        _localReason = localReason;
    }

    public void Detach()
    {
        _console = null;
        Source = null;
    }

    /// <summary>Takes another picture.</summary>
    /// <inheritdoc cref="IDisplayView.Show"/>
    public string? Show(RemotePicture picture)
    {
        if (picture.DmaBuf is { } frame && TryImport(picture, frame) is { } refusal)
        {
            Source = null;
            return refusal;
        }
        Source = picture;
        return null;
    }

    /// <summary>The picture changed here; seen with the next <see cref="Refresh"/>.</summary>
    public void Damage(Rect damage) => _damage = _damage.Union(damage);

    public void Forget(RemotePicture picture)
    {
        if (ReferenceEquals(picture, Source))
        {
            Source = null;
        }
        if (picture.DmaBuf is { } frame)
        {
            _imports?.Forget(frame);
        }
    }

    /// <summary>The console shows nothing.</summary>
    public void Clear() => Source = null;

    /// <summary>Brings the textures up to date.</summary>
    public Refreshed Refresh()
    {
        if (Source is null)
        {
            return new Refreshed(_upload?.Picture, IsRead: true, Damage: default, CopiedBytes: 0);
        }
        Rect damage = _damage;
        _damage = default;
        if (IsImported)
        {
            return new Refreshed(Import(Source.DmaBuf!), IsRead: false, damage, CopiedBytes: 0);
        }
        Rect missing = damage;
        // The only band's, from its first byte on.
        FrameLayout layout = Source.Layout.FromStart();
        if (_upload is null || layout != _uploadLayout)
        {
            _upload?.Dispose();
            _upload = new UploadTexture(graphics.GL, layout);
            _uploadLayout = layout;
            missing = layout.Bounds;
        }
        using RemotePicture.Reading reading = Source.Read(missing);
        _upload.Upload(reading.Pixels, missing);
        return new Refreshed(_upload.Picture, IsRead: true, damage, (long)missing.Width * missing.Height * DrmFormats.BytesPerPixel);
    }

    /// <summary>The path as device and window together have it.</summary>
    public ShownPath DescribePath()
    {
        if (_console is null)
        {
            return new ShownPath("none", "not connected", "");
        }
        RemoteStatus status = _console.Status;
        if (IsImported)
        {
            return new ShownPath("udmabuf", status.IsKnown ? status.Reason : "QEMU shares its own texture", "");
        }
        string told = status.IsKnown ? status.Reason : Source?.Source switch
        {
            RemotePictureSource.DmaBuf => "QEMU shares a texture, which is read by the CPU",
            RemotePictureSource.Map => "QEMU shares its surface in memory",
            _ => "QEMU sends pixels in messages",
        };
        return ShownPath.ByCopying(_localReason, told, status.Cure);
    }

    public void Dispose()
    {
        _imports?.Dispose();
        _upload?.Dispose();
    }

    /// <summary>Null, or why a picture in dma-bufs is not taken. From a QEMU, which offers nothing else, it is then read as a copy.</summary>
    private string? TryImport(RemotePicture picture, DmaBufFrame frame)
    {
        try
        {
            if (!picture.IsReadable)
            {
                return $"a picture in the GPU's own layout (modifier 0x{picture.Modifier:x}) cannot be shown here";
            }
            Import(frame);
            _localReason = null;
            return null;
        }
        catch (GraphicsException e)
        {
            _localReason = e.Message;
            log.Verbose($"output {_console?.Id}: {e.Message}");
            return _console is { Status.IsKnown: false } && frame.Bands.Count == 1 ? null : e.Message;
        }
    }

    private PictureTexture Import(DmaBufFrame frame) => _imports?.Get(frame) ?? throw new GraphicsException(graphics.Obstacle!);

    /// <summary>What there is to draw.</summary>
    /// <param name="Texture">Null before there is a picture.</param>
    /// <param name="IsRead">Whether the source is not needed any more for what is drawn.</param>
    /// <param name="Damage">What changed since the last time.</param>
    /// <param name="CopiedBytes">How much was copied into the texture.</param>
    internal readonly record struct Refreshed(PictureTexture? Texture, bool IsRead, Rect Damage, long CopiedBytes);
}
