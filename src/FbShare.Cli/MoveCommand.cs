using System.CommandLine;

namespace FbShare.Cli;

/// <summary><c>fbshare move</c>: the guest's pointer to a place.</summary>
internal sealed class MoveCommand : ScreenCommand
{
    private readonly Argument<int?> _x = InputArguments.Pixel("X", "Pixels from the left edge of the output's picture.");
    private readonly Argument<int?> _y = InputArguments.Pixel("Y", "Pixels from its top edge.");

    public MoveCommand()
        : base("move", "Moves the guest's pointer.", "fbshare move --display debian 640 400")
    {
        Add(_x);
        Add(_y);
    }

    protected override ScreenAction Prepare(ParseResult arguments, Log log)
    {
        (int x, int y) = (arguments.GetValue(_x)!.Value, arguments.GetValue(_y)!.Value);
        return async (screen, _) =>
        {
            await screen.MoveAsync(x, y).ConfigureAwait(false);
            return new ScreenResult(json =>
            {
                json.WriteNumber("x", x);
                json.WriteNumber("y", y);
            });
        };
    }
}
