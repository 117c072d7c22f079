using System.CommandLine;
using System.CommandLine.Parsing;
using FbShare.Capture;
using FbShare.Display.Client;
using FbShare.Linux;
using FbShare.Testing.Screens;

namespace FbShare.Cli;

/// <summary>What every command that looks at a display has in common: which one, which outputs, and how its failures are told.</summary>
internal static class DisplayArguments
{
    public static Option<uint?> Output() => NumberOption.Optional("--output", 0u, uint.MaxValue, "Which output to look at (default: 0).");

    /// <summary>Connects.</summary>
    /// <exception cref="CliException">Nobody is there, or it is no display.</exception>
    public static DisplayClient Connect(EventLoop loop, DisplayAddress address)
    {
        DisplayClient? client = null;
        Try(() => client = DisplayClient.Connect(loop, address));
        return client!;
    }

    /// <summary>Connects, for commands that wait for what a screen shows.</summary>
    /// <exception cref="CliException">Nobody is there, or it is no display.</exception>
    public static GuestDisplay Open(DisplayAddress address, Log log)
    {
        GuestDisplay? display = null;
        Try(() => display = GuestDisplay.Connect(address, log));
        return display!;
    }

    /// <summary>The screen of an output.</summary>
    /// <exception cref="CliException">There is no such output, or it cannot be watched.</exception>
    public static Screen ScreenOf(GuestDisplay display, uint output, bool zeroCopy = true)
    {
        IReadOnlyList<uint> outputs = display.Outputs;
        if (!outputs.Contains(output))
        {
            throw NoOutput(output, outputs);
        }
        Screen? screen = null;
        Try(() => screen = display.Screen(output, zeroCopy));
        return screen!;
    }

    /// <summary>Waits for something of a screen; one that fails, or does not show it in time, ends the program with its sentence.</summary>
    /// <exception cref="CliException">As above.</exception>
    public static T Ask<T>(Func<Task<T>> ask)
    {
        T? answer = default;
        Try(() =>
        {
            try
            {
                answer = ask().GetAwaiter().GetResult();
            }
            catch (ScreenTimeoutException e)
            {
                throw new CliException(e.Report.Obstacle is null ? ExitCodes.Timeout : ExitCodes.Unfit, e.Message, e);
            }
        });
        return answer!;
    }

    /// <summary>The graphic consoles that were asked for.</summary>
    /// <param name="output">Null: all of them.</param>
    /// <exception cref="CliException">There is no such output.</exception>
    public static List<RemoteConsole> Choose(DisplayClient client, uint? output)
    {
        List<RemoteConsole> graphic = [.. client.Consoles.Where(c => c.IsGraphic)];
        List<RemoteConsole> chosen = output is null ? graphic : graphic.FindAll(c => c.Id == output);
        return chosen.Count > 0 ? chosen : throw NoOutput(output, [.. graphic.Select(c => c.Id)]);
    }

    /// <summary>Does something with a display; a display that fails ends the program with its sentence.</summary>
    public static void Try(Action action)
    {
        try
        {
            action();
        }
        catch (DisplayException e)
        {
            throw new CliException(ExitCodeOf(e.Kind), e.Message + Cure(e), e);
        }
    }

    /// <summary>What to type, where nobody is at a display's socket.</summary>
    private static string Cure(DisplayException e) => e.InnerException is LinuxException { Errno: Errno.ENOENT or Errno.ECONNREFUSED }
        ? " (fbshare serve and fbshare run serve a display at their --display)"
        : "";

    /// <summary>The program's exit status where a display was lost.</summary>
    public static int ExitCodeOf(DisplayLossKind kind) => kind == DisplayLossKind.Broken ? ExitCodes.Failure : ExitCodes.Unreachable;

    public static TimeSpan? ParseDuration(ArgumentResult result, string name)
    {
        string text = GivenText.Of(result);
        if (Durations.TryParse(text, out TimeSpan duration) && duration > TimeSpan.Zero)
        {
            return duration;
        }
        result.AddError($"{name} {text}: give a length of time, such as 1s or 250ms");
        return null;
    }

    private static CliException NoOutput(uint? output, IReadOnlyList<uint> outputs) => new(
        ExitCodes.Failure,
        outputs.Count == 0 ? "this display has no graphic output" : $"there is no output {output}: there {(outputs.Count == 1 ? "is" : "are")} {string.Join(", ", outputs)}");
}
