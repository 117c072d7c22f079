using FbShare.Capture;
using FbShare.Display.Client;
using FbShare.Display.Server;
using FbShare.Graphics;
using FbShare.Input;
using FbShare.Linux;

namespace FbShare.Cli.Viewer;

/// <summary>A viewer from its first connection to its end: windows, their console's client, and coming back when it is lost.</summary>
/// <remarks>One thread, one loop: it sleeps until the display, the window system or a signal wakes it.</remarks>
internal sealed class ViewSession : IDisposable
{
    private static readonly TimeSpan RetryTime = TimeSpan.FromMilliseconds(500);

    /// <summary>A device that a keeper starts again is back well before this.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan QuickRetryTime = TimeSpan.FromMilliseconds(50);

    private readonly EventLoop _loop;
    private readonly DisplayAddress _address;
    private readonly ViewSettings _settings;
    private readonly Log _log;
    private readonly SdlVideo _video;
    private readonly IDrawing _drawing;
    private readonly SortedDictionary<uint, GuestWindow> _windows = [];
    private readonly LoopTimer _retry;
    private DisplayClient? _client;
    private GuestWindow? _pointed;
    private DisplayLoss? _lost;
    private long _graceEnds;
    private bool _isWaiting;
    private bool _takesDmaBuf;
    private bool _switchesPath;
    private bool _stopping;

    /// <summary>Connects and opens the windows.</summary>
    /// <param name="output">Which output; null for all.</param>
    /// <exception cref="CliException">There is no such display, output or window system.</exception>
    public ViewSession(EventLoop loop, DisplayAddress address, uint? output, ViewSettings settings, Log log)
    {
        _loop = loop;
        _address = address;
        _settings = settings;
        _log = log;
        _retry = new LoopTimer(loop, () => { });
        _client = DisplayArguments.Connect(loop, address);
        List<RemoteConsole> consoles = DisplayArguments.Choose(_client, output);
        _video = SdlVideo.Open(loop, settings.Video);
        if (settings.HotKeys.Resolve(Sdl.SDL_GetScancodeFromName) is { } wrong)
        {
            throw new CliException(ExitCodes.Usage, wrong);
        }
        var opening = new WindowOpening(loop, _video, consoles, settings.Scale, log);
        _drawing = opening.Open(settings.Renderer, out List<SdlWindow> windows);
        foreach ((RemoteConsole console, SdlWindow window) in consoles.Zip(windows))
        {
            _windows[console.Id] = new GuestWindow(loop, window, _drawing, settings, log) { Asked = Do };
        }
        _takesDmaBuf = _drawing.Obstacle is null && !settings.Copy;
        log.Verbose($"{_video.Driver}, {_drawing.Name}{(_drawing.Obstacle is { } why ? $", pictures are copied: {why}" : "")}");
        Attach();
        foreach (GuestWindow window in _windows.Values)
        {
            window.Open();
        }
    }

    /// <summary>Shows a display until the user, a signal or the display itself ends it.</summary>
    /// <param name="otherwise">What the user can do where no window can be opened.</param>
    /// <returns>The program's exit status.</returns>
    /// <exception cref="CaptureException">The picture library is missing.</exception>
    /// <inheritdoc cref="ViewSession(EventLoop, DisplayAddress, uint?, ViewSettings, Log)"/>
    public static int Show(EventLoop loop, DisplayAddress address, uint? output, ViewSettings settings, string otherwise, Log log)
    {
        // The icon and every text: found out before a window is opened.
        SkiaLibrary.EnsurePresent();
        ViewSession? session = null;
        using var signals = new StopSignals(_ => Volatile.Read(ref session)?.Stop());
        try
        {
            Volatile.Write(ref session, new ViewSession(loop, address, output, settings, log));
            if (signals.ExitCode is null)
            {
                session.Run();
            }
            return signals.ExitCode ?? (session.Lost is { } lost ? DisplayArguments.ExitCodeOf(lost.Kind) : ExitCodes.Success);
        }
        catch (GraphicsException e)
        {
            throw new CliException(ExitCodes.Unfit, $"the window cannot be drawn to: {e.Message} (without a window: {otherwise})", e);
        }
        catch (CliException e) when (e.ExitCode == ExitCodes.Unfit)
        {
            throw new CliException(ExitCodes.Unfit, $"{e.Message} (without a window: {otherwise})", e);
        }
        finally
        {
            session?.Dispose();
        }
    }

    /// <summary>Why the display is gone; null while it is there.</summary>
    public DisplayLoss? Lost => _lost;

    /// <summary>Runs until the user ends it or <see cref="Stop"/>.</summary>
    public void Run()
    {
        while (!_stopping)
        {
            Dispatch();
            Connect();
            _drawing.Pump();
            foreach (GuestWindow window in _windows.Values)
            {
                window.DrawIfDue();
            }
            // Drawing may have brought events, which may ask for drawing.
            bool goesOn = Dispatch();
            if (!_stopping)
            {
                _loop.RunOnce(goesOn ? 0 : Timeout.Infinite);
            }
        }
    }

    /// <summary>Lets <see cref="Run"/> return. Safe from any thread.</summary>
    public void Stop() => _loop.Post(() => _stopping = true);

    public void Dispose()
    {
        _client?.Dispose();
        foreach (GuestWindow window in _windows.Values)
        {
            window.Dispose();
        }
        _drawing.Dispose();
        _video.Dispose();
        _retry.Dispose();
    }

    /// <summary>Starts to watch every window's console.</summary>
    private void Attach()
    {
        _lost = null;
        _client!.Log = _log;
        _client.Lost = loss => _lost = loss;
        foreach ((uint id, GuestWindow window) in _windows)
        {
            if (_client.Consoles.FirstOrDefault(c => c.Id == id) is { } console)
            {
                window.Attach(console, _client.Name, _takesDmaBuf ? null : _settings.Copy ? "asked for" : _drawing.Obstacle ?? "asked for by a hot key");
                DisplayArguments.Try(() =>
                {
                    console.Watch(window, _takesDmaBuf);
                    console.RefreshStatus();
                });
            }
        }
    }

    private void Detach(string? message)
    {
        foreach (GuestWindow window in _windows.Values)
        {
            window.Detach(message);
        }
        _client?.Dispose();
        _client = null;
    }

    private bool IsInGrace => EventLoop.Now < _graceEnds;

    private void DetachLost(DisplayLoss loss)
    {
        _isWaiting = _settings.Reconnect || IsInGrace;
        Detach(_isWaiting ? $"{loss.Reason}; waiting for it to come back" : loss.Reason);
        if (_isWaiting)
        {
            _retry.SetAfter(IsInGrace ? QuickRetryTime : RetryTime);
        }
    }

    /// <summary>Sees to a lost display, to its coming back, and to another path, which is asked for by connecting anew.</summary>
    private void Connect()
    {
        if (_lost is not null && _client is not null)
        {
            _log.Warn(_lost.Reason);
            _graceEnds = _lost.Kind == DisplayLossKind.Gone ? EventLoop.Now + (long)Grace.TotalNanoseconds : 0;
            DetachLost(_lost);
        }
        else if (_switchesPath && _client is not null)
        {
            _switchesPath = false;
            _takesDmaBuf = !_takesDmaBuf;
            Detach(null);
            Reconnect();
        }
        else if (_client is null && _isWaiting && _retry.DueAt is null)
        {
            Reconnect();
        }
    }

    private void Reconnect()
    {
        try
        {
            _client = DisplayClient.Connect(_loop, _address);
            Attach();
            _log.Verbose($"connected to {_address}");
        }
        catch (Exception e) when (e is DisplayException or CliException)
        {
            // That a display was lost says more than that nobody listens any more.
            _lost ??= new DisplayLoss((e as DisplayException)?.Kind ?? DisplayLossKind.Gone, e.Message);
            DetachLost(_lost);
        }
    }

    private void Do(HotKeyAction action)
    {
        switch (action)
        {
            case HotKeyAction.Quit:
                _stopping = true;
                break;
            case HotKeyAction.Path when !_takesDmaBuf && _drawing.Obstacle is { } why:
                _log.Warn($"pictures cannot be shown without copying in this window: {why}");
                break;
            case HotKeyAction.Path:
                _switchesPath = true;
                break;
        }
    }

    /// <summary>Gives every waiting event to its window; false if there was none.</summary>
    private bool Dispatch()
    {
        bool any = false;
        while (SdlVideo.TryPoll(out Sdl.Event e))
        {
            any = true;
            if (e.type == Sdl.SDL_QUIT)
            {
                _stopping = true;
                continue;
            }
            if (Target(e) is { } window)
            {
                Dispatch(e, window);
            }
        }
        foreach (GuestWindow window in _windows.Values)
        {
            window.Input.EndOfInput();
        }
        return any;
    }

    /// <summary>The window that an event is for. On a bare console SDL does not say whose a finger is: it is the window's that was pointed at.</summary>
    private GuestWindow? Target(in Sdl.Event e)
    {
        bool isFinger = e.type is Sdl.SDL_FINGERDOWN or Sdl.SDL_FINGERUP or Sdl.SDL_FINGERMOTION;
        uint id = isFinger ? e.tfinger_windowID : e.windowID;
        if (isFinger && id == 0)
        {
            return _pointed ?? _windows.Values.First();
        }
        foreach (GuestWindow window in _windows.Values)
        {
            if (window.Window.Id == id)
            {
                return window;
            }
        }
        return null;
    }

    private void Dispatch(in Sdl.Event e, GuestWindow window)
    {
        switch (e.type)
        {
            case Sdl.SDL_WINDOWEVENT:
                window.OnWindowEvent(e.window_event);
                break;
            case Sdl.SDL_KEYDOWN or Sdl.SDL_KEYUP:
                window.Input.OnKey(e.key_scancode, e.key_mod, e.type == Sdl.SDL_KEYDOWN, e.key_repeat != 0);
                break;
            case Sdl.SDL_MOUSEMOTION:
                Point(window);
                window.Input.OnMotion(e.motion_x, e.motion_y, e.motion_xrel, e.motion_yrel);
                break;
            case Sdl.SDL_MOUSEBUTTONDOWN or Sdl.SDL_MOUSEBUTTONUP:
                Point(window);
                window.Input.OnButton(e.button_button, e.type == Sdl.SDL_MOUSEBUTTONDOWN, e.button_x, e.button_y);
                break;
            case Sdl.SDL_MOUSEWHEEL:
                window.Input.OnWheel(e.wheel_x, e.wheel_y);
                break;
            case Sdl.SDL_FINGERDOWN:
                window.Input.OnFinger(TouchKind.Begin, e.tfinger_fingerId, e.tfinger_x, e.tfinger_y);
                break;
            case Sdl.SDL_FINGERMOTION:
                window.Input.OnFinger(TouchKind.Update, e.tfinger_fingerId, e.tfinger_x, e.tfinger_y);
                break;
            case Sdl.SDL_FINGERUP:
                window.Input.OnFinger(TouchKind.End, e.tfinger_fingerId, e.tfinger_x, e.tfinger_y);
                break;
        }
    }

    private void Point(GuestWindow window)
    {
        if (!ReferenceEquals(_pointed, window))
        {
            _pointed?.Pointer.Leave();
            _pointed = window;
            window.Pointer.Enter();
        }
    }
}
