using FbShare.Cli.Viewer.Wayland;
using FbShare.Cli.Viewer.X11;
using FbShare.Display.Client;
using FbShare.Graphics;
using FbShare.Linux;

namespace FbShare.Cli.Viewer;

/// <summary>Opens a session's windows, as large as they will show their guest, for what will draw them: OpenGL where a GPU does, else the window system itself.</summary>
internal sealed class WindowOpening(EventLoop loop, SdlVideo video, IReadOnlyList<RemoteConsole> consoles, WindowScale scale, Log log)
{
    private const string Title = "FbShare";

    /// <summary>Opens a window for each console.</summary>
    /// <param name="windows">In the order of the consoles; owned by the caller.</param>
    /// <returns>What draws them; owned by the caller, and disposed after them.</returns>
    /// <exception cref="CliException">There is no way to draw a window here, or not the one that was asked for.</exception>
    /// <exception cref="GraphicsException">OpenGL is there and cannot be used.</exception>
    public IDrawing Open(Renderer asked, out List<SdlWindow> windows)
    {
        string? noGpu = new GpuSearch("", Environment.GetEnvironmentVariable).FindObstacle();
        RendererChoice choice = RendererChoice.Choose(asked, video.Driver, noGpu);
        if (!choice.UsesGL)
        {
            if (TryOpenPlain(choice.Reason, out windows, out string? why) is { } plain)
            {
                return plain;
            }
            if (asked == Renderer.Software)
            {
                throw new CliException(ExitCodes.Unfit, $"a window cannot be drawn without OpenGL here: {why}");
            }
            log.Verbose($"the window is drawn by OpenGL although {choice.Reason}: {why}");
        }
        ViewerGraphics graphics = OpenGL(out windows);
        if (asked == Renderer.Auto && choice.UsesGL && RendererChoice.CanRead(video.Driver) && RendererChoice.IsProcessor(graphics.GL.Renderer))
        {
            // A GPU that is there and not used: a remote or virtual display, or no permission.
            if (TryOpenPlain($"OpenGL here is {graphics.GL.Renderer}, which draws with the processor", out List<SdlWindow> plainWindows, out string? why) is { } plain)
            {
                graphics.Dispose();
                Close(windows);
                video.CloseGL();
                windows = plainWindows;
                return plain;
            }
            log.Verbose($"the window is drawn by {graphics.GL.Renderer}: {why}");
        }
        return video.Driver == "wayland" ? HandOverDrawing.Over(graphics, windows[0]) : graphics;
    }

    private ViewerGraphics OpenGL(out List<SdlWindow> windows)
    {
        ViewerGraphics? graphics = null;
        windows = [];
        foreach (RemoteConsole console in consoles)
        {
            windows.Add(video.OpenGLWindow(Title, SizeFor(console)));
            graphics ??= new ViewerGraphics();
        }
        // Several windows must not wait for each other's turn on the display; a single one may.
        _ = Sdl.SDL_GL_SetSwapInterval(consoles.Count == 1 ? 1 : 0);
        return graphics!;
    }

    private IDrawing? TryOpenPlain(string reason, out List<SdlWindow> windows, out string? why)
    {
        windows = [];
        if (TryConnect(reason, out why) is not { } drawing)
        {
            return null;
        }
        foreach (RemoteConsole console in consoles)
        {
            windows.Add(video.OpenPlainWindow(Title, SizeFor(console)));
        }
        if (windows.TrueForAll(window => window.HasUsualPixels))
        {
            return drawing is WaylandConnection connection ? HandOverDrawing.Over(connection, windows[0]) : drawing;
        }
        why = "its windows have no pixels of 32 bits with eight for each colour";
        Close(windows);
        drawing.Dispose();
        return null;
    }

    private IDrawing? TryConnect(string reason, out string? why)
    {
        why = null;
        switch (video.Driver)
        {
            case "x11":
                return XConnection.TryOpen(loop, reason, log, out why);
            case "wayland":
                return new WaylandConnection(reason);
            default:
                why = $"{video.Driver} knows nothing else";
                return null;
        }
    }

    private (int Width, int Height) SizeFor(RemoteConsole console) =>
        console is { Width: > 0, Height: > 0 } ? scale.Of((console.Width, console.Height)) : (GuestWindow.DefaultWidth, GuestWindow.DefaultHeight);

    private static void Close(List<SdlWindow> windows)
    {
        foreach (SdlWindow window in windows)
        {
            window.Dispose();
        }
        windows.Clear();
    }
}
