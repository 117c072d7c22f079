using System.CommandLine;
using FbShare.Input;
using FbShare.Testing.Typing;

namespace FbShare.Cli;

/// <summary><c>fbshare drag</c>: the guest's pointer from one place to another with a button held down.</summary>
internal sealed class DragCommand : ScreenCommand
{
    private readonly Argument<int?> _fromX = InputArguments.Pixel("X1", "Where the button is pressed: pixels from the left edge of the output's picture.");
    private readonly Argument<int?> _fromY = InputArguments.Pixel("Y1", "Pixels from its top edge.");
    private readonly Argument<int?> _toX = InputArguments.Pixel("X2", "Where it is released.");
    private readonly Argument<int?> _toY = InputArguments.Pixel("Y2", "Likewise.");
    private readonly Option<string> _button = InputArguments.Button();
    private readonly Option<TimeSpan?> _delay = InputArguments.Delay();

    public DragCommand()
        : base("drag", "Moves the guest's pointer with a button held down.", "fbshare drag --display debian 100 100 500 300")
    {
        foreach (Argument argument in (ReadOnlySpan<Argument>)[_fromX, _fromY, _toX, _toY])
        {
            Add(argument);
        }
        Add(_button);
        Add(_delay);
    }

    protected override ScreenAction Prepare(ParseResult arguments, Log log)
    {
        (int X, int Y) from = (arguments.GetValue(_fromX)!.Value, arguments.GetValue(_fromY)!.Value);
        (int X, int Y) to = (arguments.GetValue(_toX)!.Value, arguments.GetValue(_toY)!.Value);
        MouseButton button = InputArguments.ButtonOf(arguments.GetValue(_button)!);
        InputPace pace = InputArguments.PaceOf(arguments.GetValue(_delay));
        return async (screen, _) =>
        {
            await screen.DragAsync(from, to, button, pace).ConfigureAwait(false);
            return new ScreenResult(json =>
            {
                json.WriteNumber("x", to.X);
                json.WriteNumber("y", to.Y);
            });
        };
    }
}
