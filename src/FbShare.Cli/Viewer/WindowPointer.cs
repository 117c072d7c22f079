using FbShare.Display.Client;
using FbShare.Pictures;

namespace FbShare.Cli.Viewer;

/// <summary>The pointer in the window: the host's in the guest's shape, or the guest's own, drawn where the guest has it; and the grab,
/// which keeps keyboard and pointer in the window.</summary>
/// <param name="isOnlySeen">The guest's pointer is drawn, and never the host's.</param>
/// <param name="redraw">Asks for another frame.</param>
internal sealed class WindowPointer(SdlWindow window, bool isOnlySeen, Action redraw) : IDisposable
{
    private RemoteConsole? _console;
    private SdlCursor? _cursor;
    private LayerImage? _image;
    private CursorPosition _position;
    private bool _hasCursor;
    private bool _isInside;

    /// <summary>Whether keyboard and pointer are the guest's alone.</summary>
    public bool IsGrabbed { get; private set; }

    /// <summary>Whether the guest takes movements only, and moves its pointer by itself.</summary>
    public bool IsRelative => _console is { PointerIsAbsolute: false };

    /// <summary>Whether the host's pointer goes its own way.</summary>
    private bool IsApart => isOnlySeen || IsRelative;

    private bool IsDrawn => IsApart && _image is not null && _position.Visible;

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
        _image?.Dispose();
        _image = new LayerImage(image.Width, image.Height, image.Pixels.Span);
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
        if (!_hasCursor || IsApart || _console is null)
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

    /// <summary>Adds a pointer that the guest moves by itself, where the guest has it.</summary>
    public void AddTo(List<Layer> layers, Placement? place)
    {
        if (IsDrawn && place is not null)
        {
            layers.Add(new Layer(_image!, place.Value.ToWindow(new Rect(_position.X, _position.Y, _image!.Width, _image.Height))));
        }
    }

    public void Dispose()
    {
        _image?.Dispose();
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
