using System.Diagnostics;
using System.Text;

namespace FbShare.QemuTests;

/// <summary>Where a program's windows appear.</summary>
internal interface IDesk
{
    /// <summary>The X server on which the user sees and does everything, in the end.</summary>
    XServer Server { get; }

    /// <summary>A program that shows itself here, its output redirected.</summary>
    ProcessStartInfo StartInfo(string program, params string[] arguments);

    /// <summary>X's number for the window in which a process shows itself; null while there is none.</summary>
    string? FindWindow(int processId);
}

/// <summary>An X server without a screen (Xvfb), and a user at it (xdotool, ImageMagick's import).</summary>
internal sealed class XServer : IDesk, IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;

    public XServer()
    {
        _process = Process.Start(new ProcessStartInfo("Xvfb", ["-displayfd", "1", "-screen", "0", "1920x1200x24", "-nolisten", "tcp", "-noreset"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        _process.BeginErrorReadLine();
        Display = $":{_process.StandardOutput.ReadLine()}";
    }

    /// <summary>For DISPLAY.</summary>
    public string Display { get; }

    XServer IDesk.Server => this;

    /// <summary>Runs a program here to its end.</summary>
    /// <returns>Its output; null if it failed.</returns>
    public byte[]? TryRun(string program, params string[] arguments)
    {
        using Process process = Process.Start(StartInfo(program, arguments))!;
        process.BeginErrorReadLine();
        using var output = new MemoryStream();
        process.StandardOutput.BaseStream.CopyTo(output);
        process.WaitForExit();
        return process.ExitCode == 0 ? output.ToArray() : null;
    }

    public string? FindWindow(int processId) => LastLine(TryRun("xdotool", "search", "--onlyvisible", "--pid", $"{processId}"));

    /// <summary>The newest window of a program; null while there is none.</summary>
    public string? FindTopWindow() => LastLine(TryRun("xdotool", "search", "--onlyvisible", "--maxdepth", "1", "--class", "."));

    /// <summary>Runs xdotool, again until it succeeds.</summary>
    public string Do(params string[] arguments)
    {
        byte[]? output = null;
        WaitUntil(() => (output = TryRun("xdotool", arguments)) is not null, () => $"xdotool {string.Join(' ', arguments)} failed");
        return Encoding.UTF8.GetString(output!).Trim();
    }

    public static void WaitUntil(Func<bool> reached, Func<string> otherwise)
    {
        var clock = Stopwatch.StartNew();
        while (!reached())
        {
            if (clock.Elapsed > Patience)
            {
                Assert.Fail(otherwise());
            }
        }
    }

    public ProcessStartInfo StartInfo(string program, params string[] arguments)
    {
        var info = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        info.Environment["DISPLAY"] = Display;
        info.Environment.Remove("WAYLAND_DISPLAY");
        info.Environment.Remove("XDG_RUNTIME_DIR");
        info.Environment.Remove("SDL_VIDEODRIVER");
        return info;
    }

    private static string? LastLine(byte[]? output) => output is { Length: > 0 } ? Encoding.UTF8.GetString(output).Trim().Split('\n')[^1] : null;

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}
