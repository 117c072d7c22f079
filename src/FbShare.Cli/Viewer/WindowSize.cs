using FbShare.Display.Client;
using FbShare.Linux;

namespace FbShare.Cli.Viewer;

/// <summary>The window's size, the guest's, and where in the window the guest's picture lies: either may have to follow the other.</summary>
internal sealed class WindowSize : IDisposable
{
    /// <summary>The guest is asked for another size when the window has kept one for this long.</summary>
    private static readonly TimeSpan ResizeRest = TimeSpan.FromMilliseconds(200);

    private readonly SdlWindow _window;
    private readonly WindowScale _scale;
    private readonly LoopTimer _resized;
    /// <summary>A guest that takes another size does so within this time.</summary>
    private static readonly TimeSpan FollowTime = TimeSpan.FromSeconds(1);

    private RemoteConsole? _console;
    private (int Width, int Height)? _guest;
    private (int Width, int Height)? _followed;
    private bool _hasFollowed;
    private long? _askedAt;

    public WindowSize(EventLoop loop, SdlWindow window, WindowScale scale)
    {
        _window = window;
        _scale = scale;
        _resized = new LoopTimer(loop, AskGuest);
    }

    /// <summary>Where the picture was drawn last.</summary>
    public Placement Placement { get; private set; } = new(new(0, 0, 1, 1), 1, 1);

    /// <summary>Whether the guest was asked for the window's size and keeps another one: a console, for example, or a desktop that does not look.</summary>
    public bool IsIgnored => _askedAt is { } at && _guest is { } guest && guest != _window.Size && EventLoop.Now - at > (long)FollowTime.TotalNanoseconds;

    public void Attach(RemoteConsole console) => _console = console;

    public void Detach()
    {
        _console = null;
        _guest = null;
        _askedAt = null;
        _resized.Cancel();
    }

    /// <summary>The guest shows a picture of this size; null: none.</summary>
    public void SetGuest((int Width, int Height)? size)
    {
        bool isNew = size != _guest;
        _guest = size;
        if (isNew && size is not null)
        {
            Follow(size.Value);
        }
    }

    /// <summary>Places a picture in the window.</summary>
    public Placement Place((int Width, int Height) picture, (int Width, int Height) window) =>
        Placement = Placement.Of(_scale, picture.Width, picture.Height, window);

    /// <summary>The window has another size: if the user gave it, the guest is asked to take it too, when the window has rested.</summary>
    public void Changed()
    {
        if (_window.Size == _followed)
        {
            _resized.Cancel();
        }
        else if (_scale.Mode == ScaleMode.Follow && _console is not null)
        {
            _followed = null;
            _askedAt = null;
            _resized.SetAfter(ResizeRest);
        }
    }

    public void ToggleFullscreen() => _window.SetFullscreen(!_window.IsFullscreen);

    public void Dispose() => _resized.Dispose();

    /// <summary>The window takes the size of a guest that has a new one, unless the user gives it a size right now; of its first picture whatever
    /// the scale, unless somebody gave the window a size before.</summary>
    private void Follow((int Width, int Height) picture)
    {
        (int Width, int Height) guest = _scale.Of(picture);
        bool isFirst = !_hasFollowed && _window.IsAsOpened;
        _hasFollowed = true;
        if ((isFirst || _scale.Mode == ScaleMode.Follow) && _resized.DueAt is null && !_window.IsFullscreen && !_window.IsMaximized && _window.Size != guest)
        {
            _followed = _window.Resize(guest.Width, guest.Height);
        }
    }

    private void AskGuest()
    {
        (int Width, int Height) size = _window.Size;
        if (_guest != size)
        {
            _askedAt = EventLoop.Now;
            _console?.Resize(size.Width, size.Height);
        }
    }
}
