using System.CommandLine;
using FbShare.Testing.Typing;

namespace FbShare.Cli;

/// <summary><c>fbshare type</c>: a text on the guest's keyboard.</summary>
internal sealed class TypeCommand : ScreenCommand
{
    private const string FromInput = "-";

    private readonly Argument<string> _text = new("text")
    {
        Description = @"What to type: \n is Enter, \t Tab, \b Backspace, \e Escape, \\ a backslash, \u{e9} a character by its number. '-' takes the text from stdin, as it is.",
    };
    private readonly Option<string> _layout = InputArguments.Layout();
    private readonly Option<string?> _variant = InputArguments.Variant();
    private readonly Option<TimeSpan?> _delay = InputArguments.Delay();
    private readonly Option<bool> _raw = new("--raw") { Description = "A backslash is a backslash." };

    public TypeCommand()
        : base(
            "type",
            "Types a text on the guest's keyboard.",
            @"fbshare type --display debian 'root\n'",
            @"fbshare type --display debian --layout de 'Straße 1\n'",
            "fbshare type --display qmp:/tmp/qmp.sock --delay 100ms - < answers.txt")
    {
        Add(_text);
        foreach (Option option in (ReadOnlySpan<Option>)[_layout, _variant, _delay, _raw])
        {
            Add(option);
        }
    }

    protected override ScreenAction Prepare(ParseResult arguments, Log log)
    {
        string given = arguments.GetValue(_text)!;
        string text = given == FromInput ? Console.In.ReadToEnd() : arguments.GetValue(_raw) ? given : TypedText.Unescape(given);
        KeyboardLayout layout = KeyboardLayout.Load(arguments.GetValue(_layout)!, arguments.GetValue(_variant));
        IReadOnlyList<KeyStroke> strokes = layout.Plan(text);
        InputPace pace = InputArguments.PaceOf(arguments.GetValue(_delay));
        return async (screen, _) =>
        {
            await screen.PressAsync(strokes, pace).ConfigureAwait(false);
            return new ScreenResult(json =>
            {
                json.WriteString("layout", layout.Name);
                json.WriteNumber("characters", text.EnumerateRunes().Count());
                json.WriteNumber("keys", strokes.Count);
            });
        };
    }
}
