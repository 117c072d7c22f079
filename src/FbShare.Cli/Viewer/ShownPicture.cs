using FbShare.Display.Client;
using FbShare.Graphics;
using FbShare.Pictures;

namespace FbShare.Cli.Viewer;

/// <summary>The guest's picture in a window: which one it is, how it comes there, and what of it has changed since it was drawn.</summary>
/// <param name="painter">Stays the caller's.</param>
internal sealed class ShownPicture(IWindowPainter painter, Log log)
{
    private RemoteConsole? _console;
    private Region _damage = new();
    private Region _taken = new();
    private string? _localReason;

    /// <summary>What the console shows; null while nothing. What was shown last stays in the window.</summary>
    public RemotePicture? Source { get; private set; }

    /// <summary>The source's size in pixels.</summary>
    public (int Width, int Height)? Size => Source is { } source ? (source.Layout.Width, source.Layout.Height) : null;

    /// <summary>Whether the source's dma-bufs are drawn, not its bytes.</summary>
    public bool IsImported => Source?.DmaBuf is not null && _localReason is null;

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

    /// <summary>The picture changed here; seen with the next <see cref="TakeDamage"/>.</summary>
    public void Damage(Rect damage) => _damage.Add(damage);

    /// <summary>What changed since the last time; good until the next one.</summary>
    public Region TakeDamage()
    {
        (_taken, _damage) = (_damage, _taken);
        _damage.Clear();
        _taken.Crop(Source?.Layout.Bounds ?? default);
        return _taken;
    }

    public void Forget(RemotePicture picture)
    {
        if (ReferenceEquals(picture, Source))
        {
            Source = null;
        }
        painter.Forget(picture, isReplaced: Source is not null);
    }

    /// <summary>The console shows nothing.</summary>
    public void Clear() => Source = null;

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
            return new ShownPath(painter.HandsOver ? "udmabuf, no drawing" : "udmabuf", status.IsKnown ? status.Reason : "QEMU shares its own texture", "");
        }
        string told = status.IsKnown ? status.Reason : Source?.Source switch
        {
            RemotePictureSource.DmaBuf => "QEMU shares a texture, which is read by the CPU",
            RemotePictureSource.Map => "QEMU shares its surface in memory",
            _ => "QEMU sends pixels in messages",
        };
        return ShownPath.ByCopying(_localReason, told, status.Cure);
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
            painter.Import(frame);
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
}
