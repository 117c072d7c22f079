using System.Diagnostics;
using System.Text;
using FbShare.Capture;

namespace FbShare.QemuTests;

/// <summary>A running <c>fbshare view</c> and its only window.</summary>
internal sealed class ViewerProcess : IDisposable
{
    private readonly XServer _server;
    private readonly Process _process;
    private readonly StringBuilder _said = new();

    public ViewerProcess(XServer server, string display, params string[] options)
    {
        _server = server;
        _process = Process.Start(server.StartInfo(Path.Combine(AppContext.BaseDirectory, "fbshare"), ["view", "-v", "--display", $"unix:{display}", .. options]))!;
        _process.ErrorDataReceived += (_, line) => _said.AppendLine(line.Data);
        _process.BeginErrorReadLine();
        byte[]? found = null;
        XServer.WaitUntil(
            () => _process.HasExited || (found = server.TryRun("xdotool", "search", "--onlyvisible", "--pid", $"{_process.Id}")) is { Length: > 0 },
            () => $"no window appeared; it said:\n{Said}");
        Assert.True(found is { Length: > 0 }, $"it ended; it said:\n{Said}");
        Window = Encoding.UTF8.GetString(found).Trim().Split('\n')[^1];
        server.Do("windowfocus", Window);
    }

    /// <summary>X's number for the window.</summary>
    public string Window { get; }

    public int ProcessId => _process.Id;

    public string Title => _server.Do("getwindowname", Window);

    public string Said => _said.ToString();

    public void WaitForTitle(string part) =>
        XServer.WaitUntil(() => Title.Contains(part, StringComparison.Ordinal), () => $"the title is '{Title}' and not '{part}'; it said:\n{Said}");

    /// <summary>What is in the window now.</summary>
    public Picture? Take() => _server.TryRun("import", "-window", Window, "png:-") is { Length: > 0 } png ? PngFile.Decode(png) : null;

    /// <summary>Waits until the window shows just this picture.</summary>
    /// <param name="rgb">Packed R, G, B.</param>
    public void AssertShows(byte[] rgb, int width, int height)
    {
        // Of what lies behind another window nothing can be read.
        _server.Do("windowraise", Window);
        Picture? last = null;
        XServer.WaitUntil(
            () => (last = Take()) is { } picture && picture.Width == width && picture.Height == height && picture.ToRgb().AsSpan().SequenceEqual(rgb),
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

    /// <summary>Waits for its end.</summary>
    public int WaitForExit()
    {
        Assert.True(_process.WaitForExit(TimeSpan.FromSeconds(60)), $"it did not end; it said:\n{Said}");
        return _process.ExitCode;
    }

    /// <summary>SIGKILL.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            Kill();
        }
        _process.Dispose();
    }
}
