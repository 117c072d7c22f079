using FbShare.Pictures;

namespace FbShare.Cli.Viewer.Software;

/// <summary>A window's surface, of which the window system fills parts out of memory that it is given as a file.</summary>
internal interface ISharedSurface : IDisposable
{
    /// <summary>Told when everything that was put before <see cref="Commit"/> has been read.</summary>
    Action? Finished { get; set; }

    /// <summary>Whether it is too early for another frame.</summary>
    bool IsBusy { get; }

    /// <summary>Whether <see cref="Finished"/> is still to come.</summary>
    bool IsReading { get; }

    /// <summary>Whether a part of a frame may come from a picture of the caller's, and another from a canvas. Otherwise each frame comes from
    /// one memory alone.</summary>
    bool TakesParts { get; }

    /// <summary>Whether files of other processes may be put; otherwise only memory of this one.</summary>
    bool TakesFiles { get; }

    /// <summary>Memory of this process for what has to be composed, as large as the window.</summary>
    /// <param name="outOfDate">Of the window. Where each frame comes from one memory alone, it becomes what is out of date in that one.</param>
    SharedPixels NextCanvas((int Width, int Height) window, Region outOfDate);

    /// <summary>Fills a part of the window.</summary>
    /// <param name="pixels">Must not change until <see cref="Finished"/>.</param>
    /// <param name="part">Of the picture.</param>
    /// <param name="x">Where its left edge comes in the window.</param>
    /// <param name="y">As above.</param>
    void Put(SharedPixels pixels, Rect part, int x, int y);

    /// <summary>Shows what was put.</summary>
    /// <returns>Whether it has been read already, so that <see cref="Finished"/> will not be told.</returns>
    bool Commit();

    /// <summary>The memory will not be put any more.</summary>
    void Forget(SharedPixels pixels);
}
