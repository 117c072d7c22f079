using FbShare.Display.Client;
using FbShare.Graphics;
using FbShare.Pictures;

namespace FbShare.Cli.Viewer;

/// <summary>The pointer in the window: the host's in the guest's shape, or the guest's own, drawn where the guest has it; and the grab,
/// which keeps keyboard and pointer in the window.</summary>
/// <param name="redraw">Asks for another frame.</param>
internal sealed class WindowPointer(SdlWindow window, ViewerGraphics graphics, Action redraw) : IDisposable
{
    private RemoteConsole? _console;
    private SdlCursor? _cursor;
    private UploadTexture? _texture;
    private CursorPosition _position;
    private bool _hasCursor;
    private bool _isInside;

    /// <summary>Whether keyboard and pointer are the guest's alone.</summary>
    public bool IsGrabbed { get; private set; }

    /// <summary>Whether the guest takes movements only, and moves its pointer by itself.</summary>
    public bool IsRelative => _console is { PointerIsAbsolute: false };

    private bool IsDrawn => IsRelative && _texture is not null && _position.Visible;

    public void Attach(RemoteConsole console) => _console = console;

    public void Detach()
    {
        _console = null;
        SdlCursor.Show(null);
    }

    public void Define(CursorImage image)
    {
        SdlCursor? before = _cursor;
        _cursor = SdlCursor.TryCreate(image);
        _hasCursor = true;
        Consider();
        before?.Dispose();
        _texture?.Dispose();
        _texture = new UploadTexture(graphics.GL, FrameLayout.Packed(DrmFormat.AR24, image.Width, image.Height));
        _texture.Upload(image.Pixels.Span, new Rect(0, 0, image.Width, image.Height));
        RedrawIfDrawn();
    }

    public void Move(CursorPosition position)
    {
        bool changed = position.Visible != _position.Visible;
        _position = position;
        if (changed)
        {
            Consider();
        }
        RedrawIfDrawn();
    }

    /// <summary>The host's pointer came into the window.</summary>
    public void Enter()
    {
        _isInside = true;
        Consider();
    }

    /// <summary>The host's pointer is in another window of ours.</summary>
    public void Leave() => _isInside = false;

    /// <summary>Takes keyboard and pointer for the guest, or gives them back.</summary>
    /// <returns>Whether that is a change.</returns>
    public bool SetGrab(bool on)
    {
        if (on == IsGrabbed)
        {
            return false;
        }
        IsGrabbed = on;
        window.SetGrab(on, IsRelative);
        Consider();
        redraw();
        return true;
    }

    /// <summary>Gives the host's pointer the guest's shape; the host's own where the guest has none or moves it by itself.</summary>
    public void Consider()
    {
        if (IsGrabbed && _console is { PointerIsAbsolute: true })
        {
            // A guest whose driver has switched to positions meanwhile.
            window.SetGrab(true, relative: false);
        }
        if (!_isInside)
        {
            return;
        }
        if (!_hasCursor || IsRelative || _console is null)
        {
            SdlCursor.Show(null);
        }
        else if (_position.Visible)
        {
            SdlCursor.Show(_cursor);
        }
        else
        {
            SdlCursor.Hide();
        }
    }

    /// <summary>Draws a pointer that the guest moves by itself where the guest has it.</summary>
    public void Draw(Placement placement, (int Width, int Height) framebuffer)
    {
        if (IsDrawn)
        {
            PictureTexture picture = _texture!.Picture;
            graphics.Blend(picture, placement.ToWindow(new Rect(_position.X, _position.Y, picture.Width, picture.Height)), framebuffer);
        }
    }

    public void Dispose()
    {
        _texture?.Dispose();
        _cursor?.Dispose();
    }

    private void RedrawIfDrawn()
    {
        if (IsDrawn)
        {
            redraw();
        }
    }
}
