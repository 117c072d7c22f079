using System.CommandLine;
using FbShare.Testing.Typing;

namespace FbShare.Cli;

/// <summary><c>fbshare scroll</c>: the wheel of the guest's mouse.</summary>
internal sealed class ScrollCommand : ScreenCommand
{
    private readonly Argument<string> _direction = new("direction") { Description = "up, down, left or right." };
    private readonly Argument<int?> _steps = NumberOption.OptionalArgument("steps", 1, 1000, "How many steps of the wheel (default: 1).");
    private readonly Option<TimeSpan?> _delay = InputArguments.Delay();

    public ScrollCommand()
        : base("scroll", "Turns the wheel of the guest's mouse, where the pointer is.", "fbshare scroll --display debian down 3")
    {
        _direction.AcceptOnlyFromAmong("up", "down", "left", "right");
        Add(_direction);
        Add(_steps);
        Add(_delay);
    }

    protected override ScreenAction Prepare(ParseResult arguments, Log log)
    {
        string direction = arguments.GetValue(_direction)!;
        int steps = arguments.GetValue(_steps) ?? 1;
        (int right, int down) = direction switch
        {
            "up" => (0, -steps),
            "down" => (0, steps),
            "left" => (-steps, 0),
            _ => (steps, 0),
        };
        InputPace pace = InputArguments.PaceOf(arguments.GetValue(_delay));
        return async (screen, _) =>
        {
            await screen.ScrollAsync(right, down, pace).ConfigureAwait(false);
            return new ScreenResult(json =>
            {
                json.WriteString("direction", direction);
                json.WriteNumber("steps", steps);
            });
        };
    }
}
