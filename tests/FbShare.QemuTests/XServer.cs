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
    private readonly Process _process;

    /// <param name="arguments">More of the server's own.</param>
    public XServer(params string[] arguments)
    {
        _process = Process.Start(new ProcessStartInfo("Xvfb", ["-displayfd", "1", "-screen", "0", "1920x1200x24", "-nolisten", "tcp", "-noreset", .. arguments])
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

    public string? FindWindow(int processId) => Lines(TryRun("xdotool", "search", "--onlyvisible", "--pid", $"{processId}")).LastOrDefault();

    /// <summary>The newest window; null while there is none.</summary>
    public string? FindTopWindow()
    {
        // The first one found is the root.
        string[] found = Lines(TryRun("xdotool", "search", "--onlyvisible", "--maxdepth", "1", "--name", ""));
        return found.Length > 1 ? found[^1] : null;
    }

    /// <summary>Runs xdotool, again until it succeeds.</summary>
    public string Do(params string[] arguments)
    {
        byte[]? output = null;
        WaitUntil(() => (output = TryRun("xdotool", arguments)) is not null, () => $"xdotool {string.Join(' ', arguments)} failed");
        return Encoding.UTF8.GetString(output!).Trim();
    }

    /// <summary>Looks again and again, with a rest between: what is waited for needs the processor too.</summary>
    public static void WaitUntil(Func<bool> reached, Func<string> otherwise)
    {
        var clock = Stopwatch.StartNew();
        while (!reached())
        {
            if (clock.Elapsed > TestMachine.Patience)
            {
                Assert.Fail(otherwise());
            }
            Thread.Sleep(20);
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

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private static string[] Lines(byte[]? output) => output is null ? [] : Encoding.UTF8.GetString(output).Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
