using FbShare.Display.Client;
using FbShare.Graphics;
using FbShare.Pictures;

namespace FbShare.Cli.Viewer;

/// <summary>What draws all windows of a session, and with what: a GPU, or nobody but the window system.</summary>
internal interface IDrawing : IDisposable
{
    /// <summary>Its name, for people.</summary>
    string Name { get; }

    /// <summary>Why dma-bufs cannot be taken here; null where they can.</summary>
    string? Obstacle { get; }

    /// <summary>Sees to what the window system has said, after SDL has received it.</summary>
    void Pump();

    /// <summary>Starts to draw a window.</summary>
    /// <param name="window">Stays the caller's, and outlives what is returned.</param>
    IWindowPainter CreatePainter(SdlWindow window);
}

/// <summary>Draws the contents of one window and brings them onto the screen.</summary>
internal interface IWindowPainter : IDisposable
{
    /// <summary>Told when a frame is on the screen for which <see cref="Present"/> said that it would take longer.</summary>
    Action? Finished { get; set; }

    /// <summary>Whether a frame is on its way to the screen, so that the next one cannot be drawn yet.</summary>
    bool IsBusy { get; }

    /// <summary>Whether the guest's picture is being read for that frame; otherwise it only takes its time.</summary>
    bool IsReading { get; }

    /// <summary>Whether the window system is given the guest's picture itself, and nothing is drawn unless something lies over it.</summary>
    bool HandsOver { get; }

    /// <summary>The size of the picture that is drawn while the guest shows none: what it showed last. Null if there was nothing.</summary>
    (int Width, int Height)? Left { get; }

    /// <summary>Makes sure that a picture in dma-bufs can be drawn.</summary>
    /// <exception cref="GraphicsException">It cannot.</exception>
    void Import(DmaBufFrame frame);

    /// <summary>A picture will be disposed. If it was drawn last, it is still what is left.</summary>
    /// <param name="isReplaced">Whether another one is there already, so that nothing of it need be left.</param>
    void Forget(RemotePicture picture, bool isReplaced);

    /// <summary>The window has lost what was drawn in it.</summary>
    void Invalidate();

    /// <summary>Draws what is to be seen.</summary>
    /// <returns>How many bytes of the guest's picture were copied for it.</returns>
    long Draw(in Scene scene);

    /// <summary>Brings what was drawn onto the screen.</summary>
    /// <param name="reads">Whether somebody waits until the guest's picture is not needed any more for this frame.</param>
    /// <param name="presented">When the window system had it, if it has it.</param>
    /// <returns>Whether that is so now; otherwise <see cref="Finished"/> is told later.</returns>
    bool Present(bool reads, out long presented);
}

/// <summary>What is to be seen in a window.</summary>
/// <param name="Picture">The guest's; null while it shows none.</param>
/// <param name="IsImported">Whether the picture's dma-bufs are drawn, not its bytes.</param>
/// <param name="Damage">What changed in it since the last frame.</param>
/// <param name="Place">Where it lies; of what is left where there is none; null if that is nothing.</param>
/// <param name="IsSmooth">Whether pixels are mixed where its size changes.</param>
/// <param name="Window">The window's size.</param>
/// <param name="Layers">What lies over it, the topmost last.</param>
internal readonly record struct Scene(
    RemotePicture? Picture, bool IsImported, Region Damage, Placement? Place, bool IsSmooth, (int Width, int Height) Window, List<Layer> Layers);
