namespace FbShare.Cli.Viewer.Wayland;

/// <summary>Draws as another does, but where the guest's picture is all that is to be seen, hands its dma-buf to the compositor and draws nothing.</summary>
internal sealed class HandOverDrawing : IDrawing
{
    private readonly IDrawing _drawn;
    private readonly WaylandConnection _connection;
    private readonly DmaBufCompositor _compositor;

    private HandOverDrawing(IDrawing drawn, WaylandConnection connection, DmaBufCompositor compositor)
    {
        (_drawn, _connection, _compositor) = (drawn, connection, compositor);
        Name = $"{drawn.Name}; the compositor takes the guest's dma-bufs (linux-dmabuf)";
    }

    public string Name { get; }

    public string? Obstacle => null;

    /// <summary>Adds the handing over, where the compositor can be given dma-bufs.</summary>
    /// <param name="drawn">Owned by what is returned.</param>
    public static IDrawing Over(WaylandConnection drawn, SdlWindow window) => Over(drawn, drawn, window);

    /// <inheritdoc cref="Over(WaylandConnection, SdlWindow)"/>
    /// <remarks>Not where OpenGL's driver does not import them rightly: the compositor's is the same.</remarks>
    public static IDrawing Over(ViewerGraphics drawn, SdlWindow window)
    {
        if (drawn.Obstacle is not null)
        {
            return drawn;
        }
        var connection = new WaylandConnection("");
        IDrawing drawing = Over(drawn, connection, window);
        if (drawing == drawn)
        {
            connection.Dispose();
        }
        return drawing;
    }

    public void Pump()
    {
        _drawn.Pump();
        _connection.Pump();
    }

    public IWindowPainter CreatePainter(SdlWindow window) =>
        new HandOverPainter(_drawn.CreatePainter(window), _drawn.Obstacle is null, _connection, _compositor, window.GetInfo().window);

    public void Dispose()
    {
        _compositor.Dispose();
        if (_connection != _drawn)
        {
            _connection.Dispose();
        }
        _drawn.Dispose();
    }

    private static IDrawing Over(IDrawing drawn, WaylandConnection connection, SdlWindow window)
    {
        connection.Open(window.GetInfo().display);
        return DmaBufCompositor.Find(connection.Display, connection.CreateQueue()) is { } compositor ? new HandOverDrawing(drawn, connection, compositor) : drawn;
    }
}
