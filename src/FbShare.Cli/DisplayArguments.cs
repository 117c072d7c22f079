using System.CommandLine;
using System.CommandLine.Parsing;
using FbShare.Capture;
using FbShare.Display.Client;
using FbShare.Linux;

namespace FbShare.Cli;

/// <summary>What every command that looks at a display has in common: which one, which outputs, and how its failures are told.</summary>
internal static class DisplayArguments
{
    public static Option<DisplayAddress> Display() => new("--display")
    {
        Description = "The display: unix:PATH of fbshare serve or run, qmp:PATH of a QEMU with -display dbus,p2p=yes, or dbus:ADDRESS of a message bus that a QEMU with -display dbus is on.",
        HelpName = "unix:PATH|qmp:PATH|dbus:ADDRESS",
        Required = true,
        CustomParser = Parse,
    };

    /// <summary>Connects.</summary>
    /// <exception cref="CliException">Nobody is there, or it is no display.</exception>
    public static DisplayClient Connect(EventLoop loop, DisplayAddress address)
    {
        DisplayClient? client = null;
        Try(() => client = DisplayClient.Connect(loop, address));
        return client!;
    }

    /// <summary>The graphic consoles that were asked for.</summary>
    /// <param name="output">Null: all of them.</param>
    /// <exception cref="CliException">There is no such output.</exception>
    public static List<RemoteConsole> Choose(DisplayClient client, uint? output)
    {
        List<RemoteConsole> graphic = [.. client.Consoles.Where(c => c.IsGraphic)];
        List<RemoteConsole> chosen = output is null ? graphic : graphic.FindAll(c => c.Id == output);
        return chosen.Count > 0 ? chosen : throw new CliException(
            ExitCodes.Failure,
            graphic.Count == 0 ? "this display has no graphic output" : $"there is no output {output}: there {(graphic.Count == 1 ? "is" : "are")} {string.Join(", ", graphic.Select(c => c.Id))}");
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

    private static DisplayAddress? Parse(ArgumentResult result)
    {
        string text = GivenText.Of(result);
        if (DisplayAddress.TryParse(text, out DisplayAddress? address, out string? why))
        {
            return address;
        }
        result.AddError($"{why}; unix:PATH is what fbshare serve or run got as --display");
        return null;
    }
}
