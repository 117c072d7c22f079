using FbShare.Display;
using FbShare.Display.Client;
using FbShare.Linux;
using FbShare.Pictures;

namespace FbShare.Cli.Viewer;

/// <summary>A window that shows one output: its parts, and what of each goes to which other.</summary>
/// <remarks>Outlives its console: without one it shows the last picture, greyed, and why.</remarks>
internal sealed class GuestWindow : IDisplayView, IDisposable
{
    /// <summary>A window's size before there is a picture.</summary>
    public const int DefaultWidth = 1280;

    /// <inheritdoc cref="DefaultWidth"/>
    public const int DefaultHeight = 800;

    private readonly IDrawing _drawing;
    private readonly IWindowPainter _painter;
    private readonly List<Layer> _layers = [];
    private readonly ViewSettings _settings;
    private readonly Log _log;
    private readonly ShownPicture _picture;
    private readonly FramePresenter _presenter;
    private readonly WindowSize _size;
    private readonly WindowOverlays _overlays;
    private readonly WindowMenu _menu;
    private RemoteConsole? _console;
    private string _guestName = "";
    private long _updates;
    private bool _isSeen;

    public GuestWindow(EventLoop loop, SdlWindow window, IDrawing drawing, ViewSettings settings, Log log)
    {
        Window = window;
        _drawing = drawing;
        _painter = drawing.CreatePainter(window);
        _settings = settings;
        _log = log;
        _picture = new ShownPicture(_painter, log);
        _presenter = new FramePresenter(loop, window, _painter, (began, presented) => _overlays!.Presented(began, presented));
        _size = new WindowSize(loop, window, settings.Scale);
        _overlays = new WindowOverlays(loop, _presenter.Stages, settings.HotKeys, Describe, _presenter.Redraw);
        Pointer = new WindowPointer(window, settings.ViewOnly, _presenter.Redraw);
        _menu = new WindowMenu(MenuColumns(), _presenter.Redraw);
        Input = new WindowInput(window, _size, Pointer, _menu, settings, log, Do, SetTitle);
        window.SetIcon(ViewerIcon.Pixels, ViewerIcon.Size, ViewerIcon.Size);
        if (settings.Hud)
        {
            _overlays.ToggleHud();
        }
    }

    public SdlWindow Window { get; }

    public WindowPointer Pointer { get; }

    public WindowInput Input { get; }

    /// <summary>Wants the whole session to do something.</summary>
    public Action<HotKeyAction>? Asked { get; set; }

    /// <summary>Shows a console from now on.</summary>
    /// <param name="localReason">Why dma-bufs are not taken; null where they are.</param>
    public void Attach(RemoteConsole console, string guestName, string? localReason)
    {
        _console = console;
        _guestName = guestName.Length > 0 ? guestName : "guest";
        _picture.Attach(console, localReason);
        _presenter.Attach(console);
        _size.Attach(console);
        Pointer.Attach(console);
        Input.Attach(console);
        console.Changed = () =>
        {
            SetTitle();
            Pointer.Consider();
        };
        _overlays.Say(null);
        SetTitle();
    }

    /// <summary>The console is gone; its object is disposed after this.</summary>
    /// <param name="message">What to tell the user; null where the next console comes at once.</param>
    public void Detach(string? message)
    {
        Input.SetGrab(false);
        _console = null;
        _picture.Detach();
        _presenter.Detach();
        _size.Detach();
        Pointer.Detach();
        Input.Detach();
        _overlays.Say(message);
        SetTitle();
    }

    /// <summary>Makes the window appear, once there is something in it.</summary>
    public void Open()
    {
        Window.Show();
        if (_settings.Fullscreen)
        {
            Window.SetFullscreen(true);
        }
    }

    public string? Show(RemotePicture picture)
    {
        string? refusal = _picture.Show(picture);
        _size.SetGuest(_picture.Size);
        if (refusal is null)
        {
            _overlays.Say(null);
            SetTitle();
        }
        return refusal;
    }

    public bool Update(Rect damage) => Update([damage]);

    public bool Update(ReadOnlySpan<Rect> parts)
    {
        _updates++;
        long now = EventLoop.Now;
        FlushMark? flush = _console?.LastFlush;
        _overlays.CountFlips(_presenter.CountFlips(flush), now);
        foreach (Rect part in parts)
        {
            _picture.Damage(part);
        }
        return _presenter.Update(flush, now);
    }

    public void Forget(RemotePicture picture)
    {
        _picture.Forget(picture);
        _size.SetGuest(_picture.Size);
    }

    public void Disable()
    {
        _picture.Clear();
        _size.SetGuest(null);
        _overlays.Say($"output {_console?.Id} shows nothing now");
        SetTitle();
    }

    public void DefineCursor(CursorImage image) => Pointer.Define(image);

    public void MoveCursor(CursorPosition position) => Pointer.Move(position);

    /// <summary>Draws if something changed and the display is ready for another picture.</summary>
    public void DrawIfDue()
    {
        long now = EventLoop.Now;
        if (_presenter.IsDue(now))
        {
            Draw(now);
        }
    }

    public void OnWindowEvent(byte kind)
    {
        switch (kind)
        {
            case Sdl.SDL_WINDOWEVENT_SHOWN or Sdl.SDL_WINDOWEVENT_EXPOSED or Sdl.SDL_WINDOWEVENT_RESTORED:
                _painter.Invalidate();
                _presenter.Redraw();
                TellWhetherSeen();
                break;
            case Sdl.SDL_WINDOWEVENT_SIZE_CHANGED:
                _presenter.Redraw();
                _size.Changed();
                break;
            case Sdl.SDL_WINDOWEVENT_HIDDEN or Sdl.SDL_WINDOWEVENT_MINIMIZED:
                _presenter.Acknowledge();
                TellWhetherSeen();
                break;
            case Sdl.SDL_WINDOWEVENT_FOCUS_LOST:
                Input.LetGo();
                break;
            case Sdl.SDL_WINDOWEVENT_CLOSE:
                Asked?.Invoke(HotKeyAction.Quit);
                break;
        }
    }

    public void Dispose()
    {
        _log.Verbose($"{_presenter.Frames} frames drawn of {_updates} updates");
        if (_presenter.Stages.Count > 0)
        {
            _log.Verbose(_presenter.Stages.Describe());
        }
        _presenter.Dispose();
        _size.Dispose();
        _painter.Dispose();
        _overlays.Dispose();
        _menu.Dispose();
        Pointer.Dispose();
        Window.Dispose();
    }

    private void TellWhetherSeen()
    {
        if (_isSeen != Window.IsVisible)
        {
            _isSeen = Window.IsVisible;
            _log.Verbose(_isSeen ? "the window can be seen: it is drawn" : "the window cannot be seen: it is not drawn");
        }
    }

    private void Do(HotKeyAction action)
    {
        switch (action)
        {
            case HotKeyAction.Grab:
                Input.ToggleGrab();
                break;
            case HotKeyAction.Fullscreen:
                _size.ToggleFullscreen();
                break;
            case HotKeyAction.Screenshot:
                Screenshot.Write(_picture.Source, _console?.Status.ResourceKind ?? "", _picture.DescribePath(), _log);
                break;
            case HotKeyAction.Hud:
                _overlays.ToggleHud();
                break;
            case HotKeyAction.Damage:
                _overlays.ToggleDamage();
                break;
            case HotKeyAction.CtrlAltDel:
                Input.SendCtrlAltDel();
                break;
            case HotKeyAction.Menu:
                Input.ToggleMenu();
                break;
            default:
                Asked?.Invoke(action);
                break;
        }
    }

    /// <summary>All hot keys' actions, and beside them keys for the guest that the host may keep for itself.</summary>
    private MenuItem[][] MenuColumns()
    {
        IEnumerable<HotKeyAction> actions = Enum.GetValues<HotKeyAction>().Where(a => a != HotKeyAction.Menu);
        if (_settings.ViewOnly)
        {
            actions = actions.Where(a => a is not (HotKeyAction.Grab or HotKeyAction.CtrlAltDel));
        }
        MenuItem[] first = [.. actions.Select(a => new MenuItem(HotKeys.NameOf(a), _settings.HotKeys.Keys.GetValueOrDefault(a, ""), () => Do(a)))];
        MenuItem[] second = [.. Enumerable.Range(0, 12).Select(i => new MenuItem($"send Ctrl+Alt+F{i + 1}", "", () => Input.SendWithCtrlAlt(Sdl.SDL_SCANCODE_F1 + i)))];
        return _settings.ViewOnly ? [first] : [first, second];
    }

    private void Draw(long began)
    {
        (int Width, int Height) window = Window.Size;
        Region damage = _picture.TakeDamage();
        Placement? place = (_picture.Size ?? _painter.Left) is { } size ? _size.Place(size, window) : null;
        _layers.Clear();
        Pointer.AddTo(_layers, place);
        bool isPassing = _overlays.AddTo(_layers, place, damage, window, began);
        _menu.AddTo(_layers, window);
        bool handedOver = _painter.HandsOver;
        long copied = _painter.Draw(new Scene(_picture.Source, _picture.IsImported, damage, place, _settings.Smooth, window, _layers));
        if (_painter.HandsOver != handedOver)
        {
            SetTitle();
        }
        _overlays.CountCopied(copied, began);
        _presenter.Present(began, window, isPassing);
    }

    /// <summary>The head of the figures: the output in a line, what draws it, and how its picture comes.</summary>
    private (string Head, string Drawn, ShownPath Path) Describe()
    {
        string picture = _picture.Source is { Layout: var layout } ? $"{layout.Width}x{layout.Height} {layout.Format}" : "no picture";
        string kind = _console?.Status.ResourceKind is { Length: > 0 } known ? $", {known}" : "";
        (Rect place, int width) = (_size.Placement.Target, _size.Placement.Width);
        string scale = place.Width == width ? "" : $", shown at {100.0 * place.Width / width:0} %{(_size.IsIgnored ? ", because the guest keeps its own size" : "")}";
        return ($"{_guestName}, output {_console?.Id}: {picture}{kind}{scale}", _drawing.Name, _picture.DescribePath());
    }

    private void SetTitle()
    {
        string picture = _picture.Size is { } size ? $" {size.Width}x{size.Height}, {_picture.DescribePath().Path}" : "";
        string output = _console is { Id: > 0 } ? $" output {_console.Id}" : "";
        string hint = Pointer.IsGrabbed && _settings.HotKeys.Keys.TryGetValue(HotKeyAction.Grab, out string? keys) ? $" - {keys} lets go" : "";
        string title = $"{(_guestName.Length > 0 ? _guestName : "FbShare")}{output}:{picture}{(_console is null ? " gone" : "")}{hint}";
        if (Window.SetTitle(title))
        {
            _log.Verbose($"window: {title}");
        }
    }
}
