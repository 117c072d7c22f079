using FbShare.Capture;
using FbShare.Display.Client;
using FbShare.Linux;
using FbShare.Pictures;

namespace FbShare.Testing.Screens;

/// <summary>One output of a display as a test sees it: its picture, always up to date, and ways to wait for what it shows.</summary>
/// <remarks>Nothing is polled: the display tells what changed, and between changes nothing runs. May be used from any thread.</remarks>
public sealed partial class Screen : IDisposable
{
    /// <summary>QEMU updates its picture only while somebody watches, so the first one that it sends to the first viewer may be old.</summary>
    private static readonly TimeSpan CatchUp = TimeSpan.FromMilliseconds(250);

    /// <summary>After so many frames in a row that could not be read in time, the display is asked to copy them; copies are taken as they are.</summary>
    private const int MostLate = 3;

    private readonly GuestDisplay _display;
    private readonly LivePicture _live = new();
    private readonly List<IScreenObserver> _observers = [];
    private LoopTimer? _catchUp;
    private bool _isCaughtUp;
    private int _late;
    private Exception? _loss;

    internal Screen(GuestDisplay display, RemoteConsole console)
    {
        _display = display;
        Console = console;
    }

    /// <summary>The output's number.</summary>
    public uint Output => Console.Id;

    /// <summary>The console behind it, for the display's thread.</summary>
    internal RemoteConsole Console { get; }

    /// <summary>The display that it belongs to.</summary>
    internal GuestDisplay Display => _display;

    /// <summary>The last frame that came; for the display's thread.</summary>
    internal FrameStamp LastFrame { get; private set; }

    /// <summary>When the screen last looked different, or went off (<see cref="EventLoop.Now"/>); null if it never showed anything. For the
    /// display's thread.</summary>
    internal long? LastChange { get; private set; }

    /// <summary>The present picture; null while there is none that can be relied on. For the display's thread.</summary>
    internal Picture? Shown => _isCaughtUp && !_live.IsSetAside ? _live.Picture : null;

    /// <summary>Why the picture that is shown cannot be read; null if it can.</summary>
    internal string? Obstacle { get; private set; }

    /// <summary>Starts to watch. On the display's thread.</summary>
    internal void Watch(bool zeroCopy)
    {
        _catchUp = new LoopTimer(_display.Loop, TellOfPicture);
        Console.Watch(new View(this), zeroCopy);
    }

    /// <summary>Has an observer told of the present picture, if there is one, and of all that follow.</summary>
    /// <param name="observer">Called on the display's thread, from before this task ends.</param>
    /// <exception cref="DisplayException">The display is gone.</exception>
    public Task AddObserverAsync(IScreenObserver observer) => _display.OnLoopAsync(() =>
    {
        Add(observer);
        return true;
    });

    /// <summary>Has an observer told no more. Where the display is gone, it is told no more anyway.</summary>
    /// <param name="observer">Is not called any more once this task has ended.</param>
    public Task RemoveObserverAsync(IScreenObserver observer) => _display.TryOnLoopAsync(() => Remove(observer));

    /// <summary>Tells an observer of the present picture, if there is one, and of all that follow. On the display's thread.</summary>
    internal void Add(IScreenObserver observer)
    {
        if (_loss is not null)
        {
            observer.Lost(_loss);
            return;
        }
        _observers.Add(observer);
        if (Shown is { } shown)
        {
            observer.Frame(new ScreenFrame(_live, shown.Layout.Bounds, LastFrame, isCatchUp: true, looksDifferent: false));
        }
    }

    /// <summary>On the display's thread.</summary>
    internal void Remove(IScreenObserver observer) => _observers.Remove(observer);

    internal void Lose(Exception why)
    {
        _loss ??= why;
        foreach (IScreenObserver observer in _observers.ToArray())
        {
            observer.Lost(_loss);
        }
        _observers.Clear();
    }

    /// <summary>The display does this when it is disposed itself.</summary>
    void IDisposable.Dispose() => _catchUp?.Dispose();

    private void Take(RemotePicture from, Rect damage)
    {
        long start = EventLoop.Now;
        try
        {
            _live.Take(from, damage);
        }
        catch (LinuxException e)
        {
            Lose(new DisplayException($"the picture of output {Output} cannot be read: {e.Message}", e, DisplayLossKind.Broken));
            return;
        }
        long now = EventLoop.Now;
        LastFrame = new FrameStamp(LastFrame.Sequence + 1, Console.LastFlush?.At ?? now, Console.LastFlush?.Count);
        if (_live.LooksDifferent)
        {
            LastChange = now;
        }
        bool isShared = from.Source == RemotePictureSource.DmaBuf;
        if (!Console.IsOneFrame(start) && (isShared || _late < MostLate))
        {
            SetAside(isShared);
            return;
        }
        _late = 0;
        if (_isCaughtUp || Console.Status.IsKnown)
        {
            TellOfPicture();
        }
        else if (_catchUp!.DueAt is null)
        {
            _catchUp.SetAfter(CatchUp);
        }
    }

    /// <summary>This may be partly the next frame, which is on its way then; if it does not come, this was one.</summary>
    /// <param name="isShared">It was read from the guest's own pages. A copy is one frame, unless it was made without a flush of the guest's:
    /// the first one, while the guest may be drawing.</param>
    private void SetAside(bool isShared)
    {
        _live.IsSetAside = true;
        _catchUp!.SetAfter(RemoteConsole.SettledAfter);
        if (++_late == MostLate && isShared)
        {
            _display.Loop.Post(TakeCopies);
        }
    }

    /// <summary>The display copies a frame while the guest waits, however slow its reader is.</summary>
    private void TakeCopies()
    {
        if (_loss is not null)
        {
            return;
        }
        Console.Unwatch();
        try
        {
            Console.Watch(new View(this), takeDmaBuf: false);
        }
        catch (DisplayException e)
        {
            Lose(e);
        }
    }

    /// <summary>What was taken last is the picture: the first one that can be relied on, or the next frame.</summary>
    private void TellOfPicture()
    {
        _catchUp!.Cancel();
        if (_live.Picture is not { } picture)
        {
            return;
        }
        _live.IsSetAside = false;
        if (_isCaughtUp)
        {
            Tell(_live.Damage, isCatchUp: false, _live.LooksDifferent);
            return;
        }
        _isCaughtUp = true;
        Tell(picture.Layout.Bounds, isCatchUp: true, looksDifferent: true);
    }

    private void Tell(Rect damage, bool isCatchUp, bool looksDifferent)
    {
        var frame = new ScreenFrame(_live, damage, LastFrame, isCatchUp, looksDifferent);
        // An observer may leave, or another come, while it is told.
        for (int i = _observers.Count - 1; i >= 0; i--)
        {
            if (i < _observers.Count)
            {
                _observers[i].Frame(frame);
            }
        }
    }

    private void TurnOff()
    {
        _live.Clear();
        _catchUp!.Cancel();
        LastChange = EventLoop.Now;
        foreach (IScreenObserver observer in _observers.ToArray())
        {
            observer.Off();
        }
    }

    /// <summary>What the display is given to talk to.</summary>
    private sealed class View(Screen screen) : IDisplayView
    {
        private RemotePicture? _shown;

        public string? Show(RemotePicture picture)
        {
            _shown = picture.IsReadable ? picture : null;
            screen.Obstacle = picture.IsReadable
                ? null
                : $"the picture is in a GPU's own memory layout (modifier 0x{picture.Modifier:x}), which this program cannot read: use gl=off in QEMU's -display";
            if (screen.Obstacle is { } obstacle && !screen.Console.Status.IsKnown)
            {
                // A QEMU sends nothing else.
                screen.Lose(new DisplayException($"output {screen.Output}: {obstacle}"));
            }
            return screen.Obstacle;
        }

        public bool Update(Rect damage)
        {
            if (_shown is { } shown)
            {
                screen.Take(shown, damage);
            }
            return true;
        }

        public void Forget(RemotePicture picture) => screen._live.Forget(picture);

        public void Disable()
        {
            _shown = null;
            screen.TurnOff();
        }

        public void DefineCursor(CursorImage image)
        {
        }

        public void MoveCursor(CursorPosition position)
        {
        }
    }
}
