using System.CommandLine;
using FbShare.Testing.Typing;

namespace FbShare.Cli;

/// <summary><c>fbshare key</c>: keys that are pressed together.</summary>
internal sealed class KeyCommand : ScreenCommand
{
    private readonly Argument<string[]> _chords = new("chord")
    {
        Description = "Keys joined with '-', pressed together; several are pressed in turn. A key is a name (ctrl, alt, shift, altgr, super, enter, esc, tab, f1, up, del, print, ...), a character, or an X name (udiaeresis).",
        Arity = ArgumentArity.OneOrMore,
    };
    private readonly Option<string> _layout = InputArguments.Layout();
    private readonly Option<string?> _variant = InputArguments.Variant();
    private readonly Option<TimeSpan?> _delay = InputArguments.Delay();
    private readonly Option<TimeSpan?> _hold = new("--hold")
    {
        Description = "Hold the keys down for this long.",
        HelpName = "TIME",
        CustomParser = r => DisplayArguments.ParseDuration(r, "--hold"),
    };

    public KeyCommand()
        : base(
            "key",
            "Presses keys of the guest's keyboard together.",
            "fbshare key --display debian ctrl-alt-f2",
            "fbshare key --display debian down down enter",
            "fbshare key --display debian --hold 2s super")
    {
        Add(_chords);
        foreach (Option option in (ReadOnlySpan<Option>)[_layout, _variant, _delay, _hold])
        {
            Add(option);
        }
    }

    protected override ScreenAction Prepare(ParseResult arguments, Log log)
    {
        KeyboardLayout? layout = null;
        KeyStroke[] strokes = [.. arguments.GetValue(_chords)!.Select(chord =>
            KeyChord.Parse(chord, () => layout ??= KeyboardLayout.Load(arguments.GetValue(_layout)!, arguments.GetValue(_variant))))];
        InputPace pace = InputArguments.PaceOf(arguments.GetValue(_delay));
        if (arguments.GetValue(_hold) is { } hold)
        {
            pace = new InputPace(hold + pace.Interval - pace.Hold, hold);
        }
        return async (screen, _) =>
        {
            await screen.PressAsync(strokes, pace).ConfigureAwait(false);
            return new ScreenResult(json => json.WriteNumber("keys", strokes.Length));
        };
    }
}
