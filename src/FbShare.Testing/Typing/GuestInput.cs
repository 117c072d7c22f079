using FbShare.Display.Client;
using FbShare.Input;
using FbShare.Linux;

namespace FbShare.Testing.Typing;

/// <summary>A guest's keyboard and pointer: types, presses, points, clicks, drags and scrolls at the pace that the guest can follow.</summary>
/// <remarks>Belongs to the display's loop, which must run while something is done. One thing at a time: what is asked for later waits.
/// Whatever was pressed is released, also when it fails half way.</remarks>
public sealed class GuestInput : IDisposable
{
    /// <summary>How long the guest's driver may take to switch its tablet on after the display said that it has none.</summary>
    private static readonly TimeSpan TabletPatience = TimeSpan.FromSeconds(2);

    /// <summary>A QEMU that boots may be busy.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan TabletGlance = TimeSpan.FromMilliseconds(100);

    /// <summary>How far apart the places of a drag are at most, in pixels: guests tell a drag from a jump by what lies between.</summary>
    private const int DragStep = 16;

    private readonly RemoteConsole _console;
    private readonly LoopTimer _timer;
    private readonly List<int> _keysDown = [];
    private readonly List<MouseButton> _buttonsDown = [];
    private TaskCompletionSource? _waiting;
    private Task _last = Task.CompletedTask;
    private InputRefusal? _refusal;
    private bool _waitsForAnswer;

    /// <summary>Takes over a console's input.</summary>
    /// <param name="loop">The console's.</param>
    /// <param name="console">Whose keyboard and pointer; its <see cref="RemoteConsole.InputRefused"/> and
    /// <see cref="RemoteConsole.InputSettled"/> are this object's from here on.</param>
    public GuestInput(EventLoop loop, RemoteConsole console)
    {
        _console = console;
        _timer = new LoopTimer(loop, OnElapsed);
        console.InputRefused = refusal => _refusal ??= refusal;
        console.InputSettled = OnAnswered;
    }

    /// <summary>Types keys, one after the other.</summary>
    /// <exception cref="TypingException">The display takes no keys.</exception>
    public Task TypeAsync(IReadOnlyList<KeyStroke> strokes, InputPace pace) => InTurn(async () =>
    {
        foreach (KeyStroke stroke in strokes)
        {
            foreach (int key in stroke.Modifiers)
            {
                Press(key);
            }
            Press(stroke.Key);
            await Settle(pace.Hold).ConfigureAwait(false);
            LetGo();
            await Settle(pace.Interval - pace.Hold).ConfigureAwait(false);
        }
    });

    /// <summary>Moves the pointer to a pixel of the output's picture.</summary>
    /// <exception cref="TypingException">The guest has no tablet, the place is outside of the picture, or the display takes no input.</exception>
    public Task MoveAsync(int x, int y) => InTurn(() => MoveTo(x, y));

    /// <summary>Moves the pointer to a pixel and clicks there.</summary>
    /// <param name="x">Its column.</param>
    /// <param name="y">Its row.</param>
    /// <param name="button">Which button.</param>
    /// <param name="times">1: a click, 2: a double click.</param>
    /// <param name="pace">How long keys and buttons stay down, and how long to wait between them.</param>
    /// <inheritdoc cref="MoveAsync"/>
    public Task ClickAsync(int x, int y, MouseButton button, int times, InputPace pace) => InTurn(async () =>
    {
        await MoveTo(x, y).ConfigureAwait(false);
        await Settle(pace.Interval - pace.Hold).ConfigureAwait(false);
        for (int i = 0; i < times; i++)
        {
            Press(button);
            await Settle(pace.Hold).ConfigureAwait(false);
            LetGo();
            await Settle(pace.Interval - pace.Hold).ConfigureAwait(false);
        }
    });

    /// <summary>Moves from one pixel to another with a button held down.</summary>
    /// <inheritdoc cref="MoveAsync"/>
    public Task DragAsync((int X, int Y) from, (int X, int Y) to, MouseButton button, InputPace pace) => InTurn(async () =>
    {
        RequireInside(to.X, to.Y);
        await MoveTo(from.X, from.Y).ConfigureAwait(false);
        await Settle(pace.Interval).ConfigureAwait(false);
        Press(button);
        await Settle(pace.Interval).ConfigureAwait(false);
        int steps = Math.Max(1, (Math.Max(Math.Abs(to.X - from.X), Math.Abs(to.Y - from.Y)) + DragStep - 1) / DragStep);
        for (int i = 1; i <= steps; i++)
        {
            await MoveTo(from.X + ((to.X - from.X) * i / steps), from.Y + ((to.Y - from.Y) * i / steps)).ConfigureAwait(false);
            await Settle(pace.Interval - pace.Hold).ConfigureAwait(false);
        }
        LetGo();
        await Settle(pace.Interval).ConfigureAwait(false);
    });

    /// <summary>Turns the wheel where the pointer is.</summary>
    /// <param name="right">Steps to the right, or to the left where negative.</param>
    /// <param name="down">Steps towards the user, or away where negative.</param>
    /// <param name="pace">How long keys and buttons stay down, and how long to wait between them.</param>
    /// <exception cref="TypingException">The display takes no input.</exception>
    public Task ScrollAsync(int right, int down, InputPace pace) => InTurn(async () =>
    {
        await Turn(down > 0 ? MouseButton.WheelDown : MouseButton.WheelUp, Math.Abs(down), pace).ConfigureAwait(false);
        await Turn(right > 0 ? MouseButton.WheelRight : MouseButton.WheelLeft, Math.Abs(right), pace).ConfigureAwait(false);
    });

    /// <inheritdoc/>
    public void Dispose()
    {
        _console.InputRefused = null;
        _console.InputSettled = null;
        _timer.Dispose();
        GoOn(new ObjectDisposedException(nameof(GuestInput)));
    }

    /// <summary>Runs something on the loop when everything before it is done.</summary>
    private Task InTurn(Func<Task> action)
    {
        Task before = _last;
        return _last = Run();

        async Task Run()
        {
            await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _refusal = null;
            try
            {
                await action().ConfigureAwait(false);
            }
            finally
            {
                LetGo();
            }
            await Settle(TimeSpan.Zero).ConfigureAwait(false);
        }
    }

    private void Press(int key)
    {
        _keysDown.Add(key);
        _console.Key(LinuxKeys.QemuNumber(key), true);
    }

    private void Press(MouseButton button)
    {
        _buttonsDown.Add(button);
        _console.Button(button, true);
    }

    /// <summary>Releases everything, the last first.</summary>
    private void LetGo()
    {
        for (int i = _keysDown.Count - 1; i >= 0; i--)
        {
            _console.Key(LinuxKeys.QemuNumber(_keysDown[i]), false);
        }
        for (int i = _buttonsDown.Count - 1; i >= 0; i--)
        {
            _console.Button(_buttonsDown[i], false);
        }
        _keysDown.Clear();
        _buttonsDown.Clear();
    }

    /// <summary>Asks for the pointer's kind each time: what the display said of it may be from before the guest's driver was there.</summary>
    private async Task MoveTo(int x, int y)
    {
        RequireInside(x, y);
        long deadline = EventLoop.Now + (long)TabletPatience.TotalNanoseconds;
        while (true)
        {
            // Both are answered in this order.
            _console.RefreshPointer();
            _console.MoveTo(x, y);
            await Answers().ConfigureAwait(false);
            if (_console.PointerIsAbsolute)
            {
                ThrowIfRefused();
                return;
            }
            _refusal = null;
            if (EventLoop.Now > deadline)
            {
                throw new TypingException(
                    "the guest's mouse takes only movements, so it cannot be put at a place: give the guest a tablet (-device virtio-tablet-pci or usb-tablet), and a driver for it");
            }
            await Settle(TabletGlance).ConfigureAwait(false);
        }
    }

    private async Task Turn(MouseButton wheel, int steps, InputPace pace)
    {
        for (int i = 0; i < steps; i++)
        {
            Press(wheel);
            LetGo();
            await Settle(pace.Interval).ConfigureAwait(false);
        }
    }

    private void RequireInside(int x, int y)
    {
        if (_console.Width == 0 || _console.Height == 0)
        {
            throw new TypingException($"output {_console.Id} shows nothing to point at");
        }
        if (x < 0 || y < 0 || x >= _console.Width || y >= _console.Height)
        {
            throw new TypingException($"there is no pixel {x},{y} on output {_console.Id}: its picture has {_console.Width}x{_console.Height}");
        }
    }

    /// <summary>Waits for some time, and then until the display has answered everything that it was sent.</summary>
    private async Task Settle(TimeSpan time)
    {
        if (time > TimeSpan.Zero)
        {
            await Wait(time).ConfigureAwait(false);
        }
        await Answers().ConfigureAwait(false);
        ThrowIfRefused();
    }

    private async Task Answers()
    {
        if (_console.InputPending > 0)
        {
            _waitsForAnswer = true;
            await Wait(Patience).ConfigureAwait(false);
        }
    }

    private void ThrowIfRefused()
    {
        if (_refusal is { } refusal)
        {
            throw new TypingException($"output {_console.Id} does not take this: {refusal.Reason}");
        }
    }

    /// <summary>Until the timer or the display's answer. Both come on the loop, and what follows runs there too.</summary>
    private Task Wait(TimeSpan time)
    {
        _waiting = new TaskCompletionSource();
        _timer.SetAfter(time);
        return _waiting.Task;
    }

    private void OnElapsed()
    {
        bool isLate = _waitsForAnswer;
        _waitsForAnswer = false;
        GoOn(isLate ? new TypingException($"the display has not answered for {Patience.TotalSeconds:0} s: is QEMU stopped? (the monitor's 'info status' says so)") : null);
    }

    private void OnAnswered()
    {
        if (_waitsForAnswer)
        {
            _waitsForAnswer = false;
            _timer.Cancel();
            GoOn(null);
        }
    }

    /// <summary>Runs what waits, here and now: on the loop's thread. With a synchronization context it would run elsewhere.</summary>
    private void GoOn(Exception? failure)
    {
        TaskCompletionSource? waiting = _waiting;
        _waiting = null;
        SynchronizationContext? context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            if (failure is null)
            {
                waiting?.SetResult();
            }
            else
            {
                waiting?.SetException(failure);
            }
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }
}
