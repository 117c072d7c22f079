using System.CommandLine;
using FbShare.Input;
using FbShare.Testing.Needles;
using FbShare.Testing.Screens;
using FbShare.Testing.Typing;

namespace FbShare.Cli;

/// <summary><c>fbshare click</c>: at a place, or where a needle is found.</summary>
internal sealed class ClickCommand : ScreenCommand
{
    private readonly Argument<int?> _x = InputArguments.Pixel("X", "Pixels from the left edge of the output's picture.", ArgumentArity.ZeroOrOne);
    private readonly Argument<int?> _y = InputArguments.Pixel("Y", "Pixels from its top edge.", ArgumentArity.ZeroOrOne);
    private readonly Option<string?> _needle = new("--needle")
    {
        Description = "Wait for this picture, or needle of os-autoinst, and click it: at its click_point, or else in the middle.",
        HelpName = "FILE",
    };
    private readonly Option<TimeSpan?> _timeout = new("--timeout")
    {
        Description = "With --needle: give up after this long, with exit status 3 (default: 30s).",
        HelpName = "TIME",
        CustomParser = r => DisplayArguments.ParseDuration(r, "--timeout"),
    };
    private readonly Option<string> _button = InputArguments.Button();
    private readonly Option<bool> _double = new("--double") { Description = "Click twice." };
    private readonly Option<TimeSpan?> _delay = InputArguments.Delay();

    public ClickCommand()
        : base(
            "click",
            "Clicks with the guest's pointer.",
            "fbshare click --display debian 640 400",
            "fbshare click --display debian --needle ok-button.json --timeout 60s",
            "fbshare click --display debian --button right --double 10 20")
    {
        Add(_x);
        Add(_y);
        foreach (Option option in (ReadOnlySpan<Option>)[_needle, _timeout, _button, _double, _delay])
        {
            Add(option);
        }
    }

    public override string? FindContradiction(ParseResult arguments)
    {
        bool hasPlace = arguments.GetValue(_y) is not null;
        return (arguments.GetValue(_x) is not null) != hasPlace ? "a place is two numbers: X and Y"
            : hasPlace == (arguments.GetValue(_needle) is not null) ? "where to click? Give either X and Y, or --needle"
            : hasPlace && arguments.GetResult(_timeout) is { Implicit: false } ? "--timeout is for --needle: there is nothing to wait for"
            : null;
    }

    protected override ScreenAction Prepare(ParseResult arguments, Log log)
    {
        MouseButton button = InputArguments.ButtonOf(arguments.GetValue(_button)!);
        int times = arguments.GetValue(_double) ? 2 : 1;
        InputPace pace = InputArguments.PaceOf(arguments.GetValue(_delay));
        // Nobody named a place for pictures of a failure; a script has a folder of its own for them.
        var options = new WaitOptions { Timeout = arguments.GetValue(_timeout) ?? WaitOptions.DefaultTimeout, WritesFailureFiles = false };
        Needle? needle = arguments.GetValue(_needle) is { } file ? Needle.Load(file) : null;
        return async (screen, stop) =>
        {
            (int x, int y) = (arguments.GetValue(_x) ?? 0, arguments.GetValue(_y) ?? 0);
            if (needle is null)
            {
                await screen.ClickAsync(x, y, button, times, pace).ConfigureAwait(false);
            }
            else
            {
                (x, y) = (await screen.ClickAsync(needle, button, times, options, pace, stop).ConfigureAwait(false)).ClickPoint!.Value;
            }
            return new ScreenResult(json =>
            {
                json.WriteNumber("x", x);
                json.WriteNumber("y", y);
            });
        };
    }
}
