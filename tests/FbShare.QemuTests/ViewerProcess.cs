using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using FbShare.Capture;

namespace FbShare.QemuTests;

/// <summary>A running <c>fbshare view</c>, or another command with a window, and its only window.</summary>
internal sealed class ViewerProcess : FbShareProcess
{
    private readonly IDesk _desk;

    /// <param name="display">A display's socket, or the whole address of another kind of display.</param>
    public ViewerProcess(IDesk desk, string display, params string[] options)
        : this(desk, ["view", "--display", display.Contains(':', StringComparison.Ordinal) ? display : $"unix:{display}", .. options])
    {
    }

    /// <param name="command">A command of fbshare that opens a window.</param>
    /// <param name="home">The user's home; null: as it is.</param>
    public ViewerProcess(IDesk desk, string[] command, string? home = null)
        : base(AtHome(desk.StartInfo(TestedProgram.Path, [.. command, "-v"]), home))
    {
        _desk = desk;
        string? window = null;
        WaitUntil(() => (window = desk.FindWindow(ProcessId)) is not null, () => "no window appeared");
        Window = window!;
        desk.Server.Do("windowfocus", Window);
    }

    /// <summary>X's number for the window, or for that of the desk it is on.</summary>
    public string Window { get; }

    /// <summary>The window's title; under Wayland, where nobody else can read it, as the viewer says.</summary>
    public string Title => _desk is XServer ? _desk.Server.Do("getwindowname", Window) : LastSaid("window: ") ?? "";

    /// <summary>What it wrote to stdout, once it has ended.</summary>
    public string Printed => Process.StandardOutput.ReadToEnd();

    public void WaitForTitle(string part) =>
        XServer.WaitUntil(() => Title.Contains(part, StringComparison.Ordinal), () => $"the title is '{Title}' and not '{part}'; it said:\n{Said}");

    /// <summary>What is in the window now.</summary>
    public Picture? Take() => _desk.Server.TryRun("import", "-window", Window, "png:-") is { Length: > 0 } png ? PngFile.Decode(png) : null;

    /// <summary>Puts a picture of the window, or of the desk that it is on, among the results, where there is a folder for them.</summary>
    /// <param name="name">A file's, without its ending.</param>
    public void Keep(string name)
    {
        if (KeptResults.Find(name + ".png") is { } file && Take() is { } picture)
        {
            PngFile.Write(file, picture);
        }
    }

    /// <summary>Waits until the window shows just this picture.</summary>
    /// <param name="rgb">Packed R, G, B.</param>
    /// <param name="tolerance">How much a value may differ.</param>
    public void AssertShows(byte[] rgb, int width, int height, int tolerance = 0)
    {
        // Of what lies behind another window nothing can be read.
        _desk.Server.Do("windowraise", Window);
        WaitForPicture(picture => picture.Width == width && picture.Height == height && IsAlike(picture.ToRgb(), rgb, tolerance));
    }

    /// <summary>Waits until the window looks as wanted.</summary>
    public void WaitForPicture(Func<Picture, bool> isWanted)
    {
        Picture? last = null;
        XServer.WaitUntil(
            () => (last = Take()) is { } picture && isWanted(picture),
            () =>
            {
                string file = Path.Combine(Path.GetTempPath(), $"fbshare-window-{Guid.NewGuid():N}.png");
                if (last is not null)
                {
                    PngFile.Write(file, last);
                }
                return $"the window does not show what it should, see {file}; it said:\n{Said}";
            });
    }

    /// <summary>Of an idle viewer, once it has come to rest, no thread is woken a single time in ten seconds, and none uses the processor.</summary>
    public void AssertSleeps() => XServer.WaitUntil(
        () =>
        {
            using var never = new ManualResetEvent(false);
            (long WakeUps, long Ticks) before = (WakeUps, Ticks);
            never.WaitOne(TimeSpan.FromSeconds(10));
            return before == (WakeUps, Ticks);
        },
        () => $"the viewer does not come to rest; it said:\n{Said}");

    /// <summary>How much time all of its threads used.</summary>
    private long Ticks
    {
        get
        {
            string[] fields = File.ReadAllText($"/proc/{ProcessId}/stat").Split(") ")[1].Split(' ');
            return long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture);
        }
    }

    private static ProcessStartInfo AtHome(ProcessStartInfo info, string? home)
    {
        if (home is not null)
        {
            info.Environment["HOME"] = home;
            info.Environment.Remove("XDG_CONFIG_HOME");
        }
        return info;
    }

    private static bool IsAlike(byte[] shown, byte[] wanted, int tolerance)
    {
        for (int i = shown.AsSpan().CommonPrefixLength(wanted); i < wanted.Length; i++)
        {
            if (Math.Abs(shown[i] - wanted[i]) > tolerance)
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>How many frames it drew of how many updates, as it said at its end.</summary>
    public (int Drawn, int Updates) Count()
    {
        Match match = Regex.Match(Said, "(\\d+) frames drawn of (\\d+) updates");
        Assert.True(match.Success, Said);
        return (int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture), int.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture));
    }
}
