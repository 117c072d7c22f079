using System.CommandLine;
using FbShare.Input;
using FbShare.Testing.Typing;

namespace FbShare.Cli;

/// <summary><c>fbshare click</c>: at a place.</summary>
internal sealed class ClickCommand : ScreenCommand
{
    private readonly Argument<int?> _x = InputArguments.Pixel("X", "Pixels from the left edge of the output's picture.");
    private readonly Argument<int?> _y = InputArguments.Pixel("Y", "Pixels from its top edge.");
    private readonly Option<string> _button = InputArguments.Button();
    private readonly Option<bool> _double = new("--double") { Description = "Click twice." };
    private readonly Option<TimeSpan?> _delay = InputArguments.Delay();

    public ClickCommand()
        : base(
            "click",
            "Clicks with the guest's pointer.",
            "fbshare click --display unix:/run/user/1000/screen.sock 640 400",
            "fbshare click --display unix:/run/user/1000/screen.sock --button right --double 10 20")
    {
        Add(_x);
        Add(_y);
        foreach (Option option in (ReadOnlySpan<Option>)[_button, _double, _delay])
        {
            Add(option);
        }
    }

    protected override ScreenAction Prepare(ParseResult arguments, Log log)
    {
        MouseButton button = InputArguments.ButtonOf(arguments.GetValue(_button)!);
        int times = arguments.GetValue(_double) ? 2 : 1;
        InputPace pace = InputArguments.PaceOf(arguments.GetValue(_delay));
        (int x, int y) = (arguments.GetValue(_x)!.Value, arguments.GetValue(_y)!.Value);
        return async (screen, _) =>
        {
            await screen.ClickAsync(x, y, button, times, pace).ConfigureAwait(false);
            return new ScreenResult(json =>
            {
                json.WriteNumber("x", x);
                json.WriteNumber("y", y);
            });
        };
    }
}
