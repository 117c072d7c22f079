using FbShare.Input;
using FbShare.Testing.Needles;
using FbShare.Testing.Typing;

namespace FbShare.Testing.Screens;

/// <content>Keyboard and pointer. One thing is done at a time, in the order in which it was asked for.</content>
public sealed partial class Screen
{
    private GuestInput? _input;

    /// <summary>Types a text on the guest's keyboard: line feeds are Enter, tabs Tab.</summary>
    /// <param name="text">What to type.</param>
    /// <param name="layout">The layout that the guest has; null: the American one.</param>
    /// <param name="pace">How long keys and buttons stay down, and how long to wait between them; null: <see cref="InputPace.Default"/>.</param>
    /// <exception cref="TypingException">The layout lacks a character, which the message names before anything is typed; or the display takes no keys.</exception>
    /// <exception cref="Display.Client.DisplayException">The display is gone.</exception>
    public Task TypeAsync(string text, KeyboardLayout? layout = null, InputPace? pace = null)
    {
        IReadOnlyList<KeyStroke> strokes = (layout ?? KeyboardLayout.Load()).Plan(text);
        return InputAsync(input => input.TypeAsync(strokes, pace ?? InputPace.Default));
    }

    /// <summary>Presses keys together and releases them: <c>ctrl-alt-f2</c>.</summary>
    /// <param name="chord">See <see cref="KeyChord.Parse"/>.</param>
    /// <param name="layout">The layout that the guest has; null: the American one.</param>
    /// <param name="pace">How long keys and buttons stay down, and how long to wait between them; null: <see cref="InputPace.Default"/>.</param>
    /// <inheritdoc cref="TypeAsync"/>
    public Task PressAsync(string chord, KeyboardLayout? layout = null, InputPace? pace = null)
    {
        KeyStroke stroke = KeyChord.Parse(chord, () => layout ?? KeyboardLayout.Load());
        return InputAsync(input => input.TypeAsync([stroke], pace ?? InputPace.Default));
    }

    /// <summary>Presses keys that are planned already (<see cref="KeyboardLayout.Plan"/>, <see cref="KeyChord.Parse"/>), one after the other.</summary>
    /// <param name="strokes">The keys.</param>
    /// <param name="pace">How long keys stay down, and how long to wait between them.</param>
    /// <exception cref="TypingException">The display takes no keys.</exception>
    /// <exception cref="Display.Client.DisplayException">The display is gone.</exception>
    public Task PressAsync(IReadOnlyList<KeyStroke> strokes, InputPace pace) => InputAsync(input => input.TypeAsync(strokes, pace));

    /// <summary>Moves the guest's pointer to a pixel of this output's picture.</summary>
    /// <exception cref="TypingException">There is no such pixel, the guest has no tablet, or the display takes no input.</exception>
    /// <exception cref="Display.Client.DisplayException">The display is gone.</exception>
    public Task MoveAsync(int x, int y) => InputAsync(input => input.MoveAsync(x, y));

    /// <summary>Clicks a pixel of this output's picture.</summary>
    /// <param name="x">Its column.</param>
    /// <param name="y">Its row.</param>
    /// <param name="button">Which button.</param>
    /// <param name="times">2 for a double click.</param>
    /// <param name="pace">How long keys and buttons stay down, and how long to wait between them; null: <see cref="InputPace.Default"/>.</param>
    /// <inheritdoc cref="MoveAsync"/>
    public Task ClickAsync(int x, int y, MouseButton button = MouseButton.Left, int times = 1, InputPace? pace = null) =>
        InputAsync(input => input.ClickAsync(x, y, button, times, pace ?? InputPace.Default));

    /// <summary>Waits for a needle and clicks where it says, or else in its middle.</summary>
    /// <returns>Where it was found.</returns>
    /// <inheritdoc cref="WaitForAnyAsync"/>
    public async Task<ScreenMatch> ClickAsync(
        Needle needle, MouseButton button = MouseButton.Left, int times = 1, WaitOptions? options = null, InputPace? pace = null, CancellationToken cancellation = default)
    {
        ScreenMatch match = await WaitForAsync(needle, options, cancellation).ConfigureAwait(false);
        (int x, int y) = match.ClickPoint ?? throw new TypingException($"the needle {needle} has no place to click") { IsMistake = true };
        await ClickAsync(x, y, button, times, pace).ConfigureAwait(false);
        return match;
    }

    /// <summary>Moves the pointer from one pixel to another with a button held down.</summary>
    /// <inheritdoc cref="MoveAsync"/>
    public Task DragAsync((int X, int Y) from, (int X, int Y) to, MouseButton button = MouseButton.Left, InputPace? pace = null) =>
        InputAsync(input => input.DragAsync(from, to, button, pace ?? InputPace.Default));

    /// <summary>Turns the wheel.</summary>
    /// <param name="right">Steps to the right, or to the left where negative.</param>
    /// <param name="down">Steps towards the user, or away where negative.</param>
    /// <param name="pace">How long keys and buttons stay down, and how long to wait between them; null: <see cref="InputPace.Default"/>.</param>
    /// <exception cref="TypingException">The display takes no input.</exception>
    /// <exception cref="Display.Client.DisplayException">The display is gone.</exception>
    public Task ScrollAsync(int right, int down, InputPace? pace = null) => InputAsync(input => input.ScrollAsync(right, down, pace ?? InputPace.Default));

    /// <summary>Does something on the display's thread; whoever asked goes on elsewhere, also when the display is lost meanwhile.</summary>
    private async Task InputAsync(Func<GuestInput, Task> action)
    {
        var end = new InputEnd();
        await _display.OnLoopAsync(() =>
        {
            Add(end);
            _input ??= new GuestInput(_display.Loop, Console);
            action(_input).ContinueWith(end.Finish, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            return true;
        }).ConfigureAwait(false);
        try
        {
            await end.Task.ConfigureAwait(false);
        }
        finally
        {
            // Where the display's thread has ended, nobody is told of anything.
            Task removal = _display.OnLoopAsync(() =>
            {
                Remove(end);
                return true;
            });
            await removal.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>The end of one thing that was done: by itself, or because the display is gone.</summary>
    private sealed class InputEnd : IScreenObserver
    {
        private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Task => _end.Task;

        public void Finish(Task done) => _end.TrySetFromTask(done);

        public void Frame(in ScreenFrame frame)
        {
        }

        public void Off()
        {
        }

        public void Lost(Exception why) => _end.TrySetException(why);
    }
}
